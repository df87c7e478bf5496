"""Headers of answers that a browser saves as a file."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["attachment"]


def attachment(filename: str) -> dict[str, str]:
    """The header that names a download; any character is allowed in the name (RFC 6266, RFC 5987)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return {"content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"}
