"""Static files, named by their content: a URL carries the hash of what it serves, so browsers may keep it a year."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["ROOT", "StaticAssets", "asset"]

ROOT = Path(__file__).parents[1] / "static"
FOREVER = "public, max-age=31536000, immutable"


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """The URL of a static file, with its content's hash; raises FileNotFoundError for one that is not there."""
    digest = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


class StaticAssets(StaticFiles):
    """`web/static`, cached for ever where the URL names the version."""

    def __init__(self) -> None:
        super().__init__(directory=ROOT)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; a versioned URL never needs to be asked again."""
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope.get("query_string", b"")
        # The style sheet names its fonts without a version; they never change without changing their name.
        fixed = versioned or path.startswith("vendor/fonts/")
        response.headers["cache-control"] = FOREVER if fixed else "no-cache"
        return response
