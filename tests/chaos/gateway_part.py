"""The gateway as a process of its own, so that it can die alone while PostgreSQL goes on with what it was asked.

`leadloom stack` serves gateway and database together. Here the stack keeps PostgreSQL alive, and everybody's calls go
to this process: `python -m tests.chaos.gateway_part PORT`, with LEADLOOM_HOME naming the stack's folder.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from urllib.parse import urlsplit, urlunsplit

from app.local.server import BackgroundServer, listen
from app.local.supabase.gateway import Gateway
from app.local.supabase.keys import Keys
from app.settings import home
from functions.console.processes import follow_parent, report_ready


async def _serve(port: int) -> None:
    keys = Keys.load_or_make(home() / "keys.json")
    lines = (home() / "env").read_text().splitlines()
    owner = next(line.removeprefix("DATABASE_URL=") for line in lines if line.startswith("DATABASE_URL="))
    parts = urlsplit(owner)
    account = f"authenticator:{keys.authenticator_password}@127.0.0.1:{json.loads(_ports())['postgres']}"
    gateway = Gateway(
        authenticator_url=urlunsplit(parts._replace(netloc=account)),
        owner_url=owner,
        keys=keys,
        url=f"http://127.0.0.1:{port}",
    )
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with BackgroundServer(gateway.app, listen(port)) as server:
        report_ready("gateway", server.url)
        await stopped.wait()


def _ports() -> str:
    return (home() / "ports.json").read_text()


if __name__ == "__main__":
    follow_parent()
    asyncio.run(_serve(int(sys.argv[1])))
