"""Parts of a download (RFC 9110, section 14): what a browser asks for when it goes on with a file that broke off."""

from __future__ import annotations

import re

__all__ = ["asked_range"]

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


def asked_range(header: str | None, size: int) -> range | None:
    """The bytes that a Range header asks for.

    Args:
        header: the header; absent, malformed, or asking for several ranges, it means the whole file.
        size: of the file.

    Returns:
        Offsets from first to last, empty when none of them is in the file; None for the whole file.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return range(max(0, size - int(found[2])), size)
    first = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if last < first and found[2]:
        return None
    return range(first, min(last + 1, size)) if first < size else range(0)
