"""Every admin page at full size: a million rows, five million finished states, 200 batches.

    python -m bench.pages [--keep FOLDER] [--times 15]

Starts a stack of its own, fills it (`bench/seed_pages.py`), signs in and asks each page through the web server as a
browser would, one request at a time: once to warm up, then `--times` times. Prints the median and the slowest, how much
of the median is database, the size, and what a poll of the unchanged page costs. `--keep` keeps the filled database in
a folder, and uses the one that is there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.db import connect_database
from app.local.server import BackgroundServer, listen
from app.settings import settings
from app.setup.catalogue import sync_catalogue
from bench.seed_pages import seed
from functions.console.processes import Processes
from web.main import create_app

LIMIT_MS = 150
EMAIL, PASSWORD = "bench@example.test", "bench password"

PAGES = {
    "clients": "/clients",
    "clients, search": "/clients?q=07",
    "client": "/clients/{client}",
    "uploads": "/clients/{client}/uploads",
    "upload": "/clients/{client}/uploads/{upload}",
    "upload rows": "/clients/{client}/uploads/{upload}/rows",
    "upload rows, search (rare)": "/clients/{client}/uploads/{upload}/rows?q=row+99999",
    "launch dialog": "/clients/{client}/uploads/{upload}/launch",
    "pipelines": "/clients/{client}/pipelines",
    "pipeline": "/pipelines/{pipeline}",
    "workflow configs": "/clients/{client}/workflows",
    "workflow config": "/clients/{client}/workflows/enrich_company_clay",
    "batches": "/batches",
    "batches, search": "/batches?q=export+7",
    "batch, 100,000 rows": "/batches/{big}",
    "batch, running": "/batches/{running}",
    "items": "/batches/{big}/items",
    "items, failed at a step": "/batches/{big}/items?step=4&bucket=failed",
    "items, failed by cause": "/batches/{big}/items?step=4&bucket=failed&code=clay_error",
    "items, completed at a step": "/batches/{big}/items?step=2&bucket=completed",
    "items, skipped (none)": "/batches/{big}/items?bucket=skipped",
    "items, waiting": "/batches/{running}/items?bucket=waiting",
    "items, search (rare)": "/batches/{big}/items?q=person+99991",
    "items, search (none)": "/batches/{big}/items?q=zebra",
    "item": "/items/{item}",
    "retry dialog": "/batches/{big}/retry?step_index=4&error_code=clay_error",
    "workflow registry": "/workflows",
    "health": "/health",
    "audit log": "/audit",
    "audit log, filtered": "/audit?actor=person3@example.test&action=retry_failed",
}


async def names(database_url: str) -> dict[str, str]:
    """The uids that the addresses need."""
    connection = await asyncpg.connect(database_url)
    try:
        found = {
            "client": "select c.uid from clients c join uploads u on u.client_id = c.id where u.id = 1",
            "upload": "select uid from uploads where id = 1",
            "pipeline": "select uid from enrichment_pipelines where client_id is not null order by id limit 1",
            "big": "select uid from batches where id = 1",
            "running": "select uid from batches where id = 2",
            "item": "select uid from batch_items where batch_id = 1 and row_number = 50000",
        }
        return {name: str(await connection.fetchval(sql)) for name, sql in found.items()}
    finally:
        await connection.close()


async def sign_in(http: httpx.AsyncClient) -> None:
    """A session, through the form."""
    known = settings()
    key = known.supabase_secret_key.get_secret_value()
    user = {"email": EMAIL, "password": PASSWORD, "email_confirm": True, "app_metadata": {"role": "admin"}}
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    await http.post(f"{known.supabase_url}/auth/v1/admin/users", headers=headers, json=user)
    token = re.search(r'name="csrf_token" value="(\w+)"', (await http.get("/sign-in")).text)
    assert token is not None
    answer = await http.post("/sign-in", data={"email": EMAIL, "password": PASSWORD, "csrf_token": token[1]})
    assert answer.status_code == 303, answer.text


async def measure(http: httpx.AsyncClient, path: str, times: int, calls: list[float]) -> dict[str, Any]:
    """One page: milliseconds of each request, database included, and what a poll of it costs."""
    answer = await http.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
    spent, inside, counts = [], [], []
    for _ in range(times):
        calls.clear()
        began = time.perf_counter()
        answer = await http.get(path)
        spent.append(1000 * (time.perf_counter() - began))
        inside.append(sum(calls))
        counts.append(len(calls))
    poll = {"hx-request": "true", "hx-request-type": "partial"}
    tag = (await http.get(path, headers=poll)).headers.get("hx-ptag")
    again = await http.get(path, headers=poll | {"hx-ptag": tag or ""})
    return {
        "median": statistics.median(spent),
        "slowest": max(spent),
        "database": statistics.median(inside),
        "calls": max(counts),
        "kB": len(answer.content) / 1000,
        "poll": f"{again.status_code}, {len(again.content)} B" if tag else "none",
    }


async def bench(folder: Path, times: int) -> bool:
    """Fill what is empty, measure every page, print the table; whether all kept the limit."""
    processes = Processes(folder)
    os.environ["LEADLOOM_HOME"] = str(folder)
    await processes.start("stack")
    try:
        database_url = settings().database_url
        assert database_url is not None
        async with connect_database() as db:
            await sync_catalogue(db)
            if not (await db.read("insights_home"))["batches"]:
                print(await seed(database_url.get_secret_value()))
        calls: list[float] = []
        app = create_app()
        async with connect_database() as db, BackgroundServer(app, listen()) as server:
            _watch(db, calls)
            app.state.services.database = db
            async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
                await sign_in(http)
                where = await names(database_url.get_secret_value())
                rows = {name: await measure(http, path.format(**where), times, calls) for name, path in PAGES.items()}
    finally:
        await processes.stop()
    _print(rows)
    return all(row["median"] < LIMIT_MS for row in rows.values())


def _watch(db: Any, calls: list[float]) -> None:
    """Time what the pages ask of the database."""
    whole = db.call

    async def call(function: str, /, **args: Any) -> Any:
        began = time.perf_counter()
        try:
            return await whole(function, **args)
        finally:
            calls.append(1000 * (time.perf_counter() - began))

    db.call = call


def _print(rows: dict[str, dict[str, Any]]) -> None:
    print(f"\n{'page':<30}{'median ms':>10}{'slowest':>9}{'database':>10}{'calls':>7}{'kB':>8}   poll unchanged")
    for name, row in rows.items():
        mark = "" if row["median"] < LIMIT_MS else f"   over {LIMIT_MS} ms"
        numbers = (
            f"{row['median']:>10.1f}{row['slowest']:>9.1f}{row['database']:>10.1f}{row['calls']:>7}{row['kB']:>8.1f}"
        )
        print(f"{name:<30}{numbers}   {row['poll']}{mark}")


def main() -> None:
    """Read the command line; exit 1 when a page is too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder that keeps the filled database")
    parser.add_argument("--times", type=int, default=15)
    args = parser.parse_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        good = asyncio.run(bench(args.keep.resolve(), args.times))
    else:
        with tempfile.TemporaryDirectory(prefix="leadloom-bench-") as folder:
            good = asyncio.run(bench(Path(folder), args.times))
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
