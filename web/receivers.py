"""Where Clay's answers come in: one short request each, answered as soon as the body is stored and applied.

    POST /clay/{workflow_slug}/{token}   the signed URL that was in the row
    POST /clay/{workflow_slug}           the fixed URL: a client's bearer token, and `batch_item_id` in the body

A 2xx says that the body is in the database. 503 asks for another try. Whoever has no valid token learns nothing.
"""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app import callbacks
from app.errors import DatabaseError
from web.deps import services

__all__ = ["MAX_BODY_BYTES", "router"]

MAX_BODY_BYTES = 5_000_000
TRY_AGAIN_S = "5"

log = logging.getLogger(__name__)
router = APIRouter(prefix="/clay", include_in_schema=False)


class _TooLargeError(Exception):
    """The body is larger than any answer."""


@router.post("/{workflow_slug}/{token}")
async def signed(request: Request, workflow_slug: str, token: str) -> JSONResponse:
    """Take an answer at its signed URL. A token that is not ours is a URL that does not exist."""
    return await _take(request, workflow_slug, token=token)


@router.post("/{workflow_slug}")
async def fixed(request: Request, workflow_slug: str) -> JSONResponse:
    """Take an answer at the fixed URL."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer.strip():
        return _not_authorized()
    return await _take(request, workflow_slug, bearer=bearer.strip())


async def _take(request: Request, workflow_slug: str, *, token: str = "", bearer: str = "") -> JSONResponse:
    try:
        raw = await _body(request)
    except _TooLargeError:
        return JSONResponse({"error": f"The body is larger than {MAX_BODY_BYTES:,} bytes."}, 413)
    here = services(request)
    try:
        db = await here.db()
        if token:
            outcome = await callbacks.receive_signed(db, workflow_slug, token, raw)
        else:
            outcome = await callbacks.receive_fixed(db, workflow_slug, bearer, raw)
    except callbacks.ForgedTokenError:
        return JSONResponse({"error": "Not found."}, 404) if token else _not_authorized()
    except DatabaseError as error:
        log.warning("a callback could not be stored; Clay is asked to send it again: %s", error)
        return JSONResponse({"error": "Try again later."}, 503, headers={"retry-after": TRY_AGAIN_S})
    if outcome.applied:
        await here.wake()
    return JSONResponse({"verdict": outcome.verdict}, 202 if outcome.verdict == "received" else 200)


async def _body(request: Request) -> bytes:
    """The request's body, whatever it calls itself.

    Raises:
        _TooLargeError: it does not end in time; what is left is not read.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError
    return bytes(body)


def _not_authorized() -> JSONResponse:
    return JSONResponse(
        {"error": "A valid bearer token is needed."}, 401, headers={"www-authenticate": 'Bearer realm="leadloom"'}
    )
