"""The options that every benchmark takes."""

from __future__ import annotations

import argparse

__all__ = ["options"]


def options(doc: str | None, **sizes: tuple[int, int]) -> argparse.Namespace:
    """Read the command line.

    Args:
        doc: the module's docstring, for `--help`.
        **sizes: option names with what they are in a whole run and with `--quick`.

    Returns:
        `quick`, `rounds` and one number per size.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small form, to see that it works; nothing is kept")
    for name, (whole, quick) in {"rounds": (3, 1), **sizes}.items():
        parser.add_argument(f"--{name}", type=int, help=f"{whole}; with --quick {quick}")
    given = parser.parse_args()
    for name, (whole, quick) in {"rounds": (3, 1), **sizes}.items():
        if getattr(given, name) is None:
            setattr(given, name, quick if given.quick else whole)
    return given
