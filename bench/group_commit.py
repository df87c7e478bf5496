"""The least that a receiver of callbacks can do: a bare FastAPI handler that groups inserts, and answers after commit.

    python -m bench.group_commit postgresql://…

It prints its address. `POST /batch` takes `{"id": n, …}` into a table of three columns; nothing is checked, matched or
settled. Receivers are measured against it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from typing import NamedTuple

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

__all__ = ["running_group_commit"]

FLUSH_S = 0.005
MOST = 500
TABLE = "create table bench_events (id bigint, step_index smallint, payload jsonb)"
INSERT = "insert into bench_events select * from unnest($1::bigint[], $2::smallint[], $3::text[]::jsonb[])"


class _Waiting(NamedTuple):
    id: int
    body: str
    stored: asyncio.Future[None]


def create_app(database_url: str) -> FastAPI:
    """The application."""
    queue: list[_Waiting] = []
    came = asyncio.Event()

    async def flush(connection: asyncpg.Connection) -> None:
        insert = await connection.prepare(INSERT)
        while True:
            await came.wait()
            if len(queue) < MOST:
                await asyncio.sleep(FLUSH_S)
            group, queue[:] = queue[:], []
            came.clear()
            await insert.fetch([one.id for one in group], [1] * len(group), [one.body for one in group])
            for one in group:
                one.stored.set_result(None)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        connection = await asyncpg.connect(database_url)
        flusher = asyncio.create_task(flush(connection))
        yield
        flusher.cancel()
        await connection.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/batch")
    async def batch(request: Request) -> Response:
        body = await request.body()
        stored = asyncio.get_running_loop().create_future()
        queue.append(_Waiting(orjson.loads(body)["id"], body.decode(), stored))
        came.set()
        await stored
        return Response(b'{"ok":true}', media_type="application/json")

    return app


@contextlib.asynccontextmanager
async def running_group_commit(database_url: str) -> AsyncIterator[str]:
    """The handler's URL for as long as the block lasts, on a table of its own in this database."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(TABLE)
    await connection.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.group_commit", database_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


def main() -> None:
    """Serve until ended."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(1024)
    sys.stdout.write(f"http://127.0.0.1:{sock.getsockname()[1]}/batch\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(create_app(sys.argv[1]), log_level="error")).run(sockets=[sock])


if __name__ == "__main__":
    main()
