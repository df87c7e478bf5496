"""Looks, before a command runs, whether another distribution brings a package of ours.

Leadloom's packages have everyday names (`app`, `functions`, `web`, `migrations`). Installed beside another distribution
with one of them, files of either may be missing; so this is said, instead of whatever would fail because of it.
"""

from __future__ import annotations

from importlib.metadata import distributions

from app.errors import SettingsError

__all__ = ["PACKAGES", "refuse_collisions"]

PACKAGES = frozenset(("app", "functions", "migrations", "web"))


def refuse_collisions() -> None:
    """Say which distributions share a package with us.

    Raises:
        SettingsError: there is one.
    """
    for other in distributions():
        if other.name == "leadloom":
            continue
        shared = PACKAGES & set((other.read_text("top_level.txt") or "").split())
        if shared:
            raise SettingsError(
                f"{other.name} {other.version} is installed here and has packages called {', '.join(sorted(shared))}, "
                "as Leadloom does.",
                "Install Leadloom into an environment of its own.",
            )
