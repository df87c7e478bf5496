"""Supabase Auth's way of saying that a request failed; codes of supabase.com/docs/guides/auth/debugging/error-codes."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["AuthError", "respond_auth"]

_VERSION_HEADER = "x-supabase-api-version"
_ERROR_CODES_SINCE = "2024-01-01"


class AuthError(Exception):
    """A request to `/auth/v1` that is answered with an error."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = more


async def respond_auth(request: Request, error: Exception) -> Response:
    """The exception handler: the body's shape depends on the API version that the client asks for."""
    assert isinstance(error, AuthError)  # noqa: S101 -- registered for nothing else
    headers = {}
    if request.headers.get(_VERSION_HEADER, "") >= _ERROR_CODES_SINCE:
        headers[_VERSION_HEADER] = _ERROR_CODES_SINCE
        body = {"code": error.code, "message": error.message, **error.more}
    else:
        body = {"code": error.status, "error_code": error.code, "msg": error.message, **error.more}
    return Response(orjson.dumps(body), error.status, headers, "application/json")
