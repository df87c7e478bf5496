"""Where Clay's answers come in: one short request each, answered as soon as the body is stored and applied.

    POST /clay/{workflow_slug}/{token}   the signed URL that was in the row
    POST /clay/{workflow_slug}           the fixed URL: a client's bearer token; the body names its rows
                                         by `batch_item_id`

The token is looked at before the body. A 2xx says that the body is in the database; 503 asks for another try, whatever
went wrong here: an answer is paid for. Whoever has no valid token learns nothing. Answers come in by the thousand, so
these two addresses are plain ASGI in front of the pages' framework.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import NamedTuple

import orjson
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.clay.answers.encodings import ACCEPTED, BodyError, TooLargeError, unpack
from app.engine import callbacks
from app.engine.callback_groups import BusyError, CallbackGroups
from app.engine.callbacks import Sender
from app.errors import DatabaseError
from web.deps import Services
from web.session.security import HEADERS, HSTS, is_https

__all__ = ["MAX_BODY_BYTES", "Receivers"]

MAX_BODY_BYTES = 5_000_000
LONGEST_LENGTH = 19  # digits
TRY_AGAIN_S = b"5"
CHARSET = re.compile(r";\s{0,9}charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
PATH = re.compile(r"/clay/(?P<workflow>[^/]+)(?:/(?P<token>[^/]*))?")
Headers = list[tuple[bytes, bytes]]

log = logging.getLogger(__name__)


class _Reply(NamedTuple):
    status: int
    said: Mapping[str, object]
    headers: Headers = []  # noqa: RUF012 -- a tuple's default is never changed


class _GoneError(Exception):
    """The request was broken off."""


AGAIN = _Reply(503, {"error": "Try again later."}, [(b"retry-after", TRY_AGAIN_S)])
NOT_FOUND = _Reply(404, {"error": "Not found."})
NO_BEARER = _Reply(
    401, {"error": "A valid bearer token is required."}, [(b"www-authenticate", b'Bearer realm="leadloom"')]
)
NOT_A_POST = _Reply(405, {"error": "Answers are sent with POST."}, [(b"allow", b"POST")])
_ALWAYS: Headers = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    *((name.encode(), value.encode()) for name, value in HEADERS.items()),
]


class Receivers:
    """ASGI middleware: takes callbacks, and passes everything else on.

    Args:
        app: everything else.
        services: the database, and how the engine is woken.
        groups: where callbacks are stored and settled.
    """

    def __init__(self, app: ASGIApp, services: Services, groups: CallbackGroups) -> None:
        self._app, self._services, self._groups = app, services, groups

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a callback, or pass the request on."""
        where = (
            PATH.fullmatch(scope["path"].removeprefix(scope.get("root_path", ""))) if scope["type"] == "http" else None
        )
        if where is None:
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        try:
            reply = await self._answer(scope, receive, given, where["workflow"], where["token"])
        except _GoneError:
            reply = _Reply(400, {})  # nothing is stored, and nobody reads this
        body = orjson.dumps(reply.said)
        headers = [*_ALWAYS, *reply.headers, (b"content-length", str(len(body)).encode())]
        if is_https(HTTPConnection(scope)):
            headers.append(HSTS)
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, scope: Scope, receive: Receive, given: dict[bytes, bytes], workflow: str, token: str | None
    ) -> _Reply:
        """Take a request; whatever cannot be done now is asked for again."""
        if scope["method"] != "POST":
            return NOT_A_POST
        refusal = NOT_FOUND if token else NO_BEARER
        try:
            sender = await self._sender(given, workflow, token)
            raw = unpack(await _body(receive, given), _text(given, b"content-encoding"), MAX_BODY_BYTES)
            outcome = await self._groups.take(callbacks.arrivals(sender, raw, _charset(given)))
        except callbacks.ForgedTokenError:
            return refusal
        except BodyError as problem:
            return _Reply(problem.status, {"error": problem.__doc__}, [(b"accept-encoding", ACCEPTED.encode())])
        except _GoneError:
            raise
        except (DatabaseError, BusyError) as error:
            log.warning("a callback could not be stored; Clay is asked to send it again: %s", error)
            return AGAIN
        except Exception:
            log.exception("a callback could not be taken; Clay is asked to send it again")
            return AGAIN
        said = {"verdict": outcome.verdict} | ({"verdicts": list(outcome.verdicts)} if outcome.verdicts else {})
        return _Reply(202 if outcome.verdict == "received" else 200, said)

    async def _sender(self, given: dict[bytes, bytes], workflow: str, token: str | None) -> Sender:
        """Who sends, by the URL's token or the bearer's.

        Raises:
            ForgedTokenError: nobody that we know. A token that is not ours is a URL that does not exist.
            DatabaseError: it cannot be looked up now.
        """
        if token:
            return callbacks.signed_sender(workflow, token)
        scheme, _, bearer = _text(given, b"authorization").partition(" ")
        if scheme.lower() != "bearer" or not bearer.strip():
            raise callbacks.ForgedTokenError
        return await callbacks.fixed_sender(await self._services.db(), workflow, bearer.strip())


def _text(given: dict[bytes, bytes], name: bytes) -> str:
    return given.get(name, b"").decode("latin-1")


def _charset(given: dict[bytes, bytes]) -> str:
    said = CHARSET.search(_text(given, b"content-type")[:200])
    return said[1] if said else ""


async def _body(receive: Receive, given: dict[bytes, bytes]) -> bytes:
    """The request's body, whatever it calls itself.

    Raises:
        TooLargeError: it is too long, by what it says or by what came; what is left is not read.
        _GoneError: it was broken off.
    """
    said = _text(given, b"content-length")
    if said.isascii() and said.isdigit() and (len(said) > LONGEST_LENGTH or int(said) > MAX_BODY_BYTES):
        raise TooLargeError
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLargeError
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
