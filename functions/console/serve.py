"""The console commands that serve: everything at once (`run`), or each part as a process of its own.

The parts share one home folder: the stack writes `<home>/env` with URLs and keys, and the others read it. Where the
environment names a Supabase project instead, `run` starts no stack and uses that.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

import typer

from app.db import connect_database
from app.errors import InputError, LeadloomError, SettingsError
from app.local.clay.sandbox import sandbox_server
from app.local.clay.workspace import WorkspaceSettings
from app.local.postgres.cluster import port_is_free
from app.local.server import BackgroundServer, listen
from app.local.stack import Stack, record_in_env
from app.logs import set_up_logging
from app.settings import home, settings
from app.setup.catalogue import sync_catalogue
from functions.console.engine import engine as run_engine_until
from functions.console.options import amount, whole
from functions.console.output import console
from functions.console.processes import Processes, follow_parent, report_ready
from functions.console.seed import seed
from migrations.migrate import migrate

__all__ = ["clay_sandbox", "engine", "run", "stack", "web"]

WEB_PORT = 8000
Port = Annotated[int | None, typer.Option(help="Port on 127.0.0.1.", envvar="PORT", min=1, max=65535)]


def _until_stopped(part: str, work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `work` with an event that SIGINT and SIGTERM set; what it logs carries the part's name."""

    async def main() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await work(stopped)

    set_up_logging(part)
    follow_parent()
    asyncio.run(main())


def stack(
    refuse: Annotated[
        float, typer.Option(help="Share of calls answered with 401 PGRST303, as hosted Supabase does.", min=0, max=0.5)
    ] = 0.0,
) -> None:
    """Serve the embedded stack: a migrated PostgreSQL behind Supabase's HTTP API."""

    async def work(stopped: asyncio.Event) -> None:
        one = Stack(home(), refuse_share=refuse)
        await one.start()
        try:
            report_ready("stack", one.url)
            await stopped.wait()
        finally:
            await one.stop()

    _until_stopped("stack", work)


def clay_sandbox(
    mode: Annotated[str, typer.Option(help="well, misbehaving or odd.")] = "well",
    rate: Annotated[
        float,
        typer.Option(help="Rows per second per workspace; Clay itself accepts 10.", parser=amount, metavar="ROWS"),
    ] = 10,
    burst: Annotated[
        int, typer.Option(help="Rows accepted at once after a pause.", parser=whole(1), metavar="ROWS")
    ] = 20,
) -> None:
    """Serve a stand-in for Clay that returns made-up answers, for demos and tests."""

    async def work(stopped: asyncio.Event) -> None:
        url = settings().clay_sandbox_url or ""
        port = int(url.rsplit(":", 1)[-1]) if url else None
        defaults = WorkspaceSettings.model_validate({"mode": mode, "rate_per_second": rate, "burst": burst})
        async with sandbox_server(port, defaults) as server:
            if url and server.url != url:
                raise InputError(f"{url} is in use.", "Stop whatever is using it, or change CLAY_SANDBOX_URL.")
            report_ready("clay-sandbox", f"{server.url} (a stand-in for tests, not Clay itself)")
            await stopped.wait()

    _until_stopped("clay-sandbox", work)


def web(port: Port = None) -> None:
    """Serve the admin pages and the receivers of callbacks."""

    async def work(stopped: asyncio.Event) -> None:
        from web.main import create_app  # noqa: PLC0415 -- only this part needs the pages; the others start sooner

        wanted = port or _public_port() or WEB_PORT
        _check_port(wanted)
        async with BackgroundServer(create_app(), listen(wanted)) as server:
            if not (_is_hosted() or os.environ.get("PUBLIC_URL")):  # of the stack whose file it is, and of no other
                record_in_env(home(), PUBLIC_URL=server.url)
            report_ready("web", server.url)
            await stopped.wait()

    _until_stopped("web", work)


def engine() -> None:
    """Run the engine: sequencer, dispatcher and, on this machine, the workers."""

    async def work(stopped: asyncio.Event) -> None:
        _check_address()
        report_ready("engine", "running; stopping it loses nothing")
        await run_engine_until(stopped)

    _until_stopped("engine", work)


def run(
    port: Port = None,
    *,
    with_engine: Annotated[
        bool, typer.Option("--engine", help="With a hosted project: also run an engine here. Needs PUBLIC_URL.")
    ] = False,
) -> None:
    """Start everything on this machine, with a demo client, and print its address and sign-in.

    With a Supabase project in the environment, only its pages are served here; the engine runs on Modal.
    """

    async def work(stopped: asyncio.Event) -> None:
        wanted = port or WEB_PORT
        _check_port(wanted)
        hosted = _is_hosted()
        if with_engine:
            _check_address()
        processes = Processes(home(), {"PORT": str(wanted)})
        try:
            with console.status("Starting"):
                await (_start_hosted() if hosted else _start_local(processes))
                address = await processes.start("web")
                if with_engine or not hosted:
                    await processes.start("engine")
            _greet(address, hosted=hosted, with_engine=with_engine)
            keeper = asyncio.create_task(processes.keep_alive())
            await stopped.wait()
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        finally:
            console.print("Stopping.")
            await processes.stop()

    _until_stopped("run", work)


def _is_hosted() -> bool:
    """Whether the environment names a Supabase project, so that no stack of this machine is meant."""
    return bool(os.environ.get("SUPABASE_URL"))


def _check_address() -> None:
    """Refuse an engine on a hosted project whose paid rows nobody could answer.

    The local stack's web part tells its address when it starts, and rows wait until then.

    Raises:
        SettingsError: there is no PUBLIC_URL, or one that ends on this machine although Clay itself is meant.
    """
    if not _is_hosted():
        return
    known = settings()
    hint = (
        "Set PUBLIC_URL to the deployed app's address or to a tunnel to this machine, or leave the engine to Modal: "
        "`leadloom run` without --engine serves the pages only."
    )
    if not known.public_url:
        raise SettingsError("An engine here needs a public address that Clay can answer to.", hint)
    host = urlsplit(known.public_url).hostname or ""
    if not known.clay_sandbox_url and (host == "localhost" or host.startswith("127.") or host == "::1"):
        raise SettingsError(f"Clay cannot answer to {host}: that address is this machine.", hint)


async def _start_local(processes: Processes) -> None:
    await processes.start("stack")
    await processes.start("clay-sandbox", "--rate", "200", "--burst", "400")
    async with connect_database() as db:
        await seed(db, settings().clay_sandbox_url)


async def _start_hosted() -> None:
    """A real project: bring it up to date, and leave its data alone."""
    url = settings().database_url
    if url is not None:
        await migrate(url.get_secret_value())
    async with connect_database() as db:
        await sync_catalogue(db)


def _greet(address: str, *, hosted: bool, with_engine: bool) -> None:
    console.print(f"\nLeadloom is running at [bold]{address}[/]")
    if hosted:
        console.print("Sign in as a user of your Supabase project whose app_metadata.role is admin.")
        if not with_engine:
            console.print("Pages only: batches run on the engine on Modal. Use --engine to run one here as well.")
    else:
        mine = settings()
        password = mine.admin_password.get_secret_value() if mine.admin_password else ""
        console.print(f"Sign in as [bold]{mine.admin_email}[/] with [bold]{password}[/]")
        console.print(f"A sample batch is running. Data folder: {home()}")
    console.print("Press Ctrl-C to stop.\n")


def _check_port(port: int) -> None:
    if not port_is_free(port):
        raise InputError(f"Port {port} is in use.", f"Choose another one: PORT={port + 1} make run.")


def _public_port() -> int | None:
    """The port in PUBLIC_URL, where Clay's answers will come in."""
    try:
        url = settings().public_url or ""
    except LeadloomError:
        return None
    tail = url.rsplit(":", 1)[-1]
    return int(tail) if tail.isdigit() else None
