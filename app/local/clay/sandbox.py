"""A stand-in for Clay: takes rows at webhook URLs, keeps Clay's limits, and calls back later with made-up answers.

It is a test instrument, for running Leadloom without a Clay account, and says so in everything it answers. It can be
told to misbehave, as the real world does, or to be odd: to take rows and say that it did not, to hang up, to be away.
Everything it knows is in memory.

    POST /webhooks/{workspace}/{table}   a row
    GET  /stats?rows=1                   what came in (per row and attempt) and what went out
    PUT  /workspaces/{workspace}         settings, as JSON; those not named stay
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import random
from collections.abc import AsyncIterator
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.local.clay.courier import Courier
from app.local.clay.door import Door
from app.local.clay.made_up import answer_for
from app.local.clay.workspace import Plan, Refusal, RowKey, Workspace, WorkspaceSettings
from app.local.server import BackgroundServer, listen

__all__ = ["NOTICE", "Sandbox", "create_sandbox", "sandbox_server", "webhook_url"]

NOTICE = "Clay sandbox: a test instrument that stands in for Clay. It makes its answers up."
ERROR = "The provider could not be reached (made up by the Clay sandbox)."
NO_MATCH = "No match was found for this row (made up by the Clay sandbox)."
NOTHING: tuple[dict[str, Any], ...] = (
    {"status": "not_found", "message": NO_MATCH},
    {"status": "success", "raw_payload": None},
    {"status": 404, "error": {"type": "not_found", "message": NO_MATCH}},
    {"found": False},
    {"status": "success", "raw_payload": "No results found"},
)
"""How tables say that they found nothing."""


def webhook_url(base: str, workspace: str, table: str) -> str:
    """The webhook URL of a table; any workspace and table exist as soon as they are asked for."""
    return f"{base.rstrip('/')}/webhooks/{workspace}/{table}"


class Sandbox:
    """The sandbox's memory and its requests.

    Args:
        defaults: settings of workspaces that nobody has configured.
        patience_s: how long a callback is tried again while its receiver is away.
        door: what can be closed, so that connections are refused for a while.
    """

    def __init__(
        self, defaults: WorkspaceSettings | None = None, patience_s: float = 600.0, door: Door | None = None
    ) -> None:
        self.door = door
        self.defaults = defaults or WorkspaceSettings()
        self.courier = Courier(patience_s)
        self.workspaces: dict[str, Workspace] = {}

    def workspace(self, name: str) -> Workspace:
        """The workspace of this name, made when first asked for."""
        if name not in self.workspaces:
            self.workspaces[name] = Workspace(name, self.defaults)
        return self.workspaces[name]

    async def take_row(self, request: Request) -> Response:
        """A row comes in, as at Clay's webhook."""
        workspace = self.workspace(request.path_params["workspace"])
        table = request.path_params["table"]
        body = await request.body()
        refusal = workspace.check(table, request.headers.get("x-clay-webhook-auth"), len(body))
        if refusal:
            return _refused(refusal)
        try:
            row = orjson.loads(body)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            return _refused(Refusal(400, "A row is one JSON object."))
        plan = workspace.accept(table, _key(row, body))
        if isinstance(plan, Refusal):
            return _refused(plan)
        self.schedule(workspace.settings, row, plan)
        if self.door and workspace.received.total() == workspace.settings.away_after:
            self.door.go_away(workspace.settings.away_s)
        return _reply(plan, request)

    def schedule(self, settings: WorkspaceSettings, row: dict[str, Any], plan: Plan) -> None:
        """Plan the callbacks for a row."""
        url, headers = row.get("callback_url"), {}
        if settings.receiver_url:
            url = f"{settings.receiver_url.rstrip('/')}/{row.get('workflow_slug')}"
            headers = {"authorization": f"Bearer {settings.receiver_token or ''}"}
        if not isinstance(url, str) or not url:
            self.courier.counts["without_callback_url"] += 1
            return
        for delay_s, what in plan.answers:
            body = _body(row, what, settings.seed)
            if plan.gzip:
                body, headers = gzip.compress(body), {**headers, "content-encoding": "gzip"}
            self.courier.post_later(delay_s, url, body, headers)

    async def stats(self, request: Request) -> Response:
        """What came in and what went out."""
        rows = request.query_params.get("rows") == "1"
        spaces = {name: space.report(rows=rows) for name, space in sorted(self.workspaces.items())}
        return _json(
            {
                "notice": NOTICE,
                "received": sum(space["received"] for space in spaces.values()),
                "repeated": sum(len(space["repeated"]) for space in spaces.values()),
                "callbacks": self.courier.report(),
                "times_away": self.door.times_away if self.door else 0,
                "workspaces": spaces,
            }
        )

    async def configure(self, request: Request) -> Response:
        """Change a workspace's settings."""
        workspace = self.workspace(request.path_params["workspace"])
        try:
            changes = orjson.loads(await request.body())
            settings = WorkspaceSettings(**{**workspace.settings.model_dump(), **changes})
        except (orjson.JSONDecodeError, TypeError, ValidationError) as problem:
            return _json({"notice": NOTICE, "error": str(problem)}, 422)
        workspace.configure(settings)
        return _json({"notice": NOTICE, "settings": settings.model_dump(exclude={"auth_token", "receiver_token"})})

    async def banner(self, _request: Request) -> Response:
        """What this is."""
        return _json({"notice": NOTICE, "workspaces": sorted(self.workspaces)})


def create_sandbox(sandbox: Sandbox | None = None) -> Starlette:
    """The sandbox as an ASGI application."""
    one = sandbox or Sandbox()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with one.courier:
            if one.door:
                await one.door.open()
            try:
                yield
            finally:
                if one.door:
                    await one.door.close()

    return Starlette(
        routes=[
            Route("/", one.banner),
            Route("/stats", one.stats),
            Route("/webhooks/{workspace}/{table}", one.take_row, methods=["POST"]),
            Route("/workspaces/{workspace}", one.configure, methods=["PUT"]),
        ],
        lifespan=lifespan,
    )


def sandbox_server(port: int | None = None, defaults: WorkspaceSettings | None = None) -> BackgroundServer:
    """The sandbox as a server on 127.0.0.1, to be entered with `async with`; its `url` goes into CLAY_SANDBOX_URL.

    Args:
        port: where to listen; any free port if that is taken or None.
        defaults: settings of every workspace; else from `CLAY_SANDBOX_…` variables.
    """
    if defaults is None or defaults.mode != "odd":
        return BackgroundServer(create_sandbox(Sandbox(defaults)), listen(port))
    front, sock = listen(port), listen()
    door = Door(front, sock.getsockname())
    server = BackgroundServer(create_sandbox(Sandbox(defaults, door=door)), sock)
    server.url = door.url
    return server


def _reply(plan: Plan, request: Request) -> Response:
    """What the sender is told about a row that was taken. No connection is kept where something may be odd."""
    if plan.reply in ("hang_up", "broken"):
        return _BrokenOff(begun=plan.reply == "broken")
    status = int(plan.reply)
    response = _json({"success": status < 300, "notice": NOTICE}, status)  # noqa: PLR2004 -- success
    if 300 <= status < 400:  # noqa: PLR2004 -- a redirect
        response.headers["location"] = str(request.url)
    response.headers["connection"] = "close"
    return response


class _BrokenOff(Response):
    """Nothing, or the beginning of a yes, and then the end of the connection."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__()
        self.begun = begun

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Break off."""
        if self.begun:
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b'{"success": tr', "more_body": True})
        # uvicorn's cycle of one request and response has the connection; nothing in ASGI itself breaks one off.
        receive.__self__.transport.close()  # type: ignore[attr-defined]
        await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    """Wait for the end of the connection: an application that ended before it would be told of as faulty."""
    message = await receive()
    if message["type"] != "http.disconnect":
        await _until_gone(receive)


def _key(row: dict[str, Any], body: bytes) -> RowKey:
    """What tells rows apart; those without an id, by what they say."""
    item = row.get("batch_item_id") or hashlib.sha256(body).hexdigest()[:16]
    return str(row.get("workflow_slug") or "-"), str(item), str(row.get("attempt") or 1)


def _body(row: dict[str, Any], what: str, seed: str) -> bytes:
    if what == "answer":
        return orjson.dumps(answer_for(row, seed))
    envelope = {"batch_item_id": row.get("batch_item_id"), "attempt": row.get("attempt")}
    if what == "error":
        return orjson.dumps(envelope | {"status": "error", "error": ERROR})
    if what == "not_found":
        return orjson.dumps(envelope | random.Random(f"{seed}|{row.get('batch_item_id')}").choice(NOTHING))  # noqa: S311 -- chance that can be repeated
    return what.encode()


def _refused(refusal: Refusal) -> Response:
    response = _json({"success": False, "message": refusal.text, "notice": NOTICE}, refusal.status)
    if refusal.retry_after_s is not None:
        response.headers["retry-after"] = str(refusal.retry_after_s)
    return response


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(
        orjson.dumps(content),
        status,
        headers={"content-type": "application/json", "x-clay-sandbox": "test instrument"},
    )
