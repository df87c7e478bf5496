"""Where Clay's answers come in: one short request each, answered as soon as the body is stored and applied.

    POST /clay/{workflow_slug}/{token}   the signed URL that was in the row
    POST /clay/{workflow_slug}           the fixed URL: a client's bearer token; the body names its rows
                                         by `batch_item_id`

The token is looked at before the body. A 2xx says that the body is in the database; 503 asks for another try, whatever
went wrong here: an answer is paid for. Whoever has no valid token learns nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.clay.answers.encodings import ACCEPTED, BodyError, TooLargeError, unpack
from app.db import Database
from app.engine import callbacks
from app.engine.callbacks import Sender
from app.errors import DatabaseError
from web.deps import services

__all__ = ["MAX_BODY_BYTES", "router"]

MAX_BODY_BYTES = 5_000_000
LONGEST_LENGTH = 19  # digits
TRY_AGAIN_S = "5"
CHARSET = re.compile(r";\s{0,9}charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)

log = logging.getLogger(__name__)
router = APIRouter(prefix="/clay", include_in_schema=False)
AskSender = Callable[[Database], Awaitable[Sender]]


@router.post("/{workflow_slug}/{token}")
async def signed(request: Request, workflow_slug: str, token: str) -> Response:
    """Take an answer at its signed URL. A token that is not ours is a URL that does not exist."""

    async def sender(_: Database) -> Sender:
        return callbacks.signed_sender(workflow_slug, token)

    return await _answer(request, sender, JSONResponse({"error": "Not found."}, 404))


@router.post("/{workflow_slug}")
async def fixed(request: Request, workflow_slug: str) -> Response:
    """Take an answer at the fixed URL."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    refusal = JSONResponse(
        {"error": "A valid bearer token is required."}, 401, headers={"www-authenticate": 'Bearer realm="leadloom"'}
    )
    if scheme.lower() != "bearer" or not bearer.strip():
        return refusal

    async def sender(db: Database) -> Sender:
        return await callbacks.fixed_sender(db, workflow_slug, bearer.strip())

    return await _answer(request, sender, refusal)


async def _answer(request: Request, ask_sender: AskSender, refusal: Response) -> Response:
    """Take a request; whatever cannot be done now is asked for again."""
    try:
        return await _take(request, ask_sender)
    except callbacks.ForgedTokenError:
        return refusal
    except BodyError as problem:
        return JSONResponse({"error": problem.__doc__}, problem.status, headers={"accept-encoding": ACCEPTED})
    except ClientDisconnect:
        return Response(status_code=400)  # broken off midway: nothing is stored, and nobody reads this
    except DatabaseError as error:
        log.warning("a callback could not be stored; Clay is asked to send it again: %s", error)
    except Exception:
        log.exception("a callback could not be taken; Clay is asked to send it again")
    return JSONResponse({"error": "Try again later."}, 503, headers={"retry-after": TRY_AGAIN_S})


async def _take(request: Request, ask_sender: AskSender) -> Response:
    here = services(request)
    db = await here.db()
    sender = await ask_sender(db)
    raw = unpack(await _body(request), _encoding(request), MAX_BODY_BYTES)
    outcome = await callbacks.receive(db, sender, raw, _charset(request))
    if outcome.acted:
        try:
            await here.wake()
        except Exception:
            log.exception("the engine was not woken; it looks by itself within a minute")
    said = {"verdict": outcome.verdict} | ({"verdicts": list(outcome.verdicts)} if outcome.verdicts else {})
    return JSONResponse(said, 202 if outcome.verdict == "received" else 200)


def _encoding(request: Request) -> str:
    return request.headers.get("content-encoding", "")


def _charset(request: Request) -> str:
    said = CHARSET.search(request.headers.get("content-type", "")[:200])
    return said[1] if said else ""


async def _body(request: Request) -> bytes:
    """The request's body, whatever it calls itself.

    Raises:
        TooLargeError: it is too long, by what it says or by what came; what is left is not read.
        ClientDisconnect: it was broken off.
    """
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and (len(said) > LONGEST_LENGTH or int(said) > MAX_BODY_BYTES):
        raise TooLargeError
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise TooLargeError
    return bytes(body)
