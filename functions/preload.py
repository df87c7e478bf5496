"""What a container of each function loads before Modal takes its memory snapshot.

Every container imports all of functions/ to know the functions by name, and each runs only one of them. So these
modules import nothing heavy; what a function's body needs is loaded here, when its own container starts, and is in the
snapshot that later containers wake from (Modal, "Memory Snapshots": what was imported at module level). Anywhere else
the body loads it when it is called.
"""

from __future__ import annotations

import os
from importlib import import_module

__all__ = ["PART", "part", "preload"]

PART = "LEADLOOM_PART"
"""Environment variable that tells a container which function it runs."""


def part(name: str) -> dict[str, str | None]:
    """The environment of the containers of the function `name`."""
    return {PART: name}


def preload(name: str, *modules: str) -> None:
    """Import modules now if this is a container of the function `name`."""
    if os.environ.get(PART) == name:
        for module in modules:
            import_module(module)
