"""What Leadloom does, in the data's order: uploads, batches, sequencer, dispatcher, workflows, callbacks, extraction.

The package is also what Modal's command line is pointed at: `modal deploy -m app` finds the App here, `modal run -m
app::launch` its entry points. They live in functions/, which imports this package and never the other way round; so the
names are looked up only when asked for (PEP 562), and a plain `import app` loads neither Modal nor anything else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_ENTRY_POINTS = frozenset(("app", "extract", "launch", "migrate", "run_engine"))
_ENTRY_MODULE = "functions.modal_run"


def __getattr__(name: str) -> Any:
    """Look a Modal entry point up in functions/; anything else is not here."""
    if name in _ENTRY_POINTS:
        return getattr(import_module(_ENTRY_MODULE), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the entry points too: Modal's command line looks for what it can run with `dir()`."""
    return sorted({*globals(), *_ENTRY_POINTS})
