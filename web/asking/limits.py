"""How much a request may carry: refused before it is read where it says so itself, else as soon as it is too much.

Forms and files only; the receivers of callbacks have a limit of their own.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.intake.text import MAX_BYTES
from app.text.numbers import read_digits

__all__ = ["BodyLimit"]

_FORM_AROUND = 1_000_000
MOST = MAX_BYTES + _FORM_AROUND
LARGEST = 2**63 - 1
TOO_LARGE = f"This is too large: files can be up to {MAX_BYTES // 1_000_000} MB. Split the file and upload the parts."


class BodyLimit:
    """ASGI middleware: a request with a longer body than any page takes is answered 413."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with an eye on its length."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        left = MOST
        known = read_digits(said, most=LARGEST) or 0

        async def counted() -> Message:
            nonlocal left
            if known > MOST:
                raise HTTPException(413, TOO_LARGE)
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self.app(scope, counted, send)
