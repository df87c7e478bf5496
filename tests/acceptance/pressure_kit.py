"""An installation under pressure: PostgreSQL and gateway of the test's own, the web as a process, rows that wait."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
from pydantic import SecretStr

from app.clay.tokens import make_token
from app.db import Database, connect
from app.engine.callbacks import settle_unsettled
from app.local.postgres.bootstrap import authenticator_url, bootstrap_cluster, bootstrap_database
from app.local.postgres.cluster import Cluster, free_port
from app.local.server import BackgroundServer, listen
from app.local.supabase.gateway import Gateway
from app.local.supabase.keys import Keys
from app.settings import Settings
from migrations.migrate import migrate
from tests.engine_kit import World, make_world

__all__ = ["Pressed", "Storm", "pressed"]

SLUG = "paid"
BODY = {"status": "success", "raw_payload": {"name": "Acme", "domain": "acme.example"}}


@dataclass
class Storm:
    """What became of callbacks that were sent as fast as they were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    without_retry_after: int = 0
    slowest_s: float = 0.0


@dataclass
class Pressed:
    """What a test presses on."""

    cluster: Cluster
    db: Database
    world: World
    web_url: str
    web: asyncio.subprocess.Process
    key: str
    first_acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    async def restart_database(self) -> None:
        """Bring PostgreSQL back where it was."""
        if not self.cluster.running:
            await self.cluster.start(self.cluster.port)
        self.world.pg.terminate()
        self.world.pg = await asyncpg.connect(self.cluster.url("leadloom"))

    async def rows(self, count: int) -> dict[str, str]:
        """Rows that wait for their callback: item -> address."""
        await self.world.launch(count, SLUG)
        items: list[dict[str, str]] = []
        while len(items) < count:  # as fast as the workspace's rate has it
            claimed = await self.world.claim(500)
            await self.world.send(claimed)
            items += claimed
            await asyncio.sleep(0 if claimed else 0.2)
        return {
            item[
                "item"
            ]: f"{self.web_url}/clay/{SLUG}/{make_token(SLUG, item['item'], 0, int(item['attempt']), self.key)}"
            for item in items
        }

    async def storm(self, addresses: dict[str, str], ended: asyncio.Event, senders: int = 24) -> Storm:
        """Send every callback until it is acknowledged or `ended` is set."""
        seen, queue = Storm(), list(addresses.items())
        loop = asyncio.get_running_loop()

        async def send(http: httpx.AsyncClient) -> None:
            while queue and not ended.is_set():
                item, address = queue.pop()
                began = loop.time()
                answer = await http.post(address, json=BODY)
                seen.slowest_s = max(seen.slowest_s, loop.time() - began)
                seen.statuses[answer.status_code] += 1
                if answer.is_success:
                    self.first_acknowledged.set()
                    seen.acknowledged.add(item)
                    continue
                seen.without_retry_after += "retry-after" not in answer.headers
                queue.insert(0, (item, address))
                await asyncio.sleep(0.1)

        async with httpx.AsyncClient(timeout=120) as http, asyncio.TaskGroup() as group:
            for _ in range(senders):
                group.create_task(send(http))
        return seen

    async def lost(self, acknowledged: set[str]) -> set[str]:
        """Acknowledged callbacks that are not in the inbox, or are not settled once the engine has looked."""
        pg = await asyncpg.connect(self.cluster.url("leadloom"))
        try:
            for _ in range(100):
                await settle_unsettled(self.db, older_than_s=0.0)
                if not await pg.fetchval("select count(*) from callback_inbox where verdict = 'received'"):
                    break
            settled = (
                "select distinct item_uid::text from callback_inbox where verdict not in ('received', 'unmatched')"
            )
            kept = {row[0] for row in await pg.fetch(settled)}
        finally:
            await pg.close()
        return acknowledged - kept


@asynccontextmanager
async def pressed(folder: Path, **postgres: str) -> AsyncIterator[Pressed]:
    """Start everything; `postgres` are settings of the server."""
    keys = Keys.new()
    cluster = Cluster(folder / "postgres", keys.postgres_password, settings=postgres)
    await cluster.start()
    try:
        await bootstrap_cluster(cluster, keys)
        await bootstrap_database(cluster, "leadloom")
        await migrate(cluster.url("leadloom"))
        sock = listen()
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        gateway = Gateway(
            authenticator_url=authenticator_url(cluster, keys, "leadloom"),
            owner_url=cluster.url("leadloom"),
            keys=keys,
            url=url,
        )
        settings = Settings(
            supabase_url=url,
            supabase_secret_key=SecretStr(keys.secret_key),
            supabase_publishable_key=keys.publishable_key,
            signing_key=SecretStr(keys.callback_key),
        )
        async with (
            BackgroundServer(gateway.app, sock),
            _web(url, keys, folder) as (web, web_url),
            await connect(settings) as db,
        ):
            pg = await asyncpg.connect(cluster.url("leadloom"))
            one = Pressed(cluster, db, await make_world(db, pg), web_url, web, keys.callback_key)
            yield one
            one.world.pg.terminate()
    finally:
        await cluster.stop()
        shutil.rmtree(folder / "postgres", ignore_errors=True)


@asynccontextmanager
async def _web(url: str, keys: Keys, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "functions.console.main", "web", "--port", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=(folder / "web.log").open("wb"),
        env=os.environ
        | {
            "SUPABASE_URL": url,
            "SUPABASE_SECRET_KEY": keys.secret_key,
            "SUPABASE_PUBLISHABLE_KEY": keys.publishable_key,
            "LEADLOOM_SIGNING_KEY": keys.callback_key,
            "LEADLOOM_HOME": str(folder),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "LEADLOOM_LOG": "json",
        },
    )
    try:
        async with httpx.AsyncClient() as http, asyncio.timeout(60):
            while True:
                try:
                    if (await http.get(f"http://127.0.0.1:{port}/healthz")).is_success:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()
