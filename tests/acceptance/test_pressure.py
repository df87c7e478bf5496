"""Back-pressure with real processes: too much of anything is refused soon and clearly; nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.acceptance.pressure_kit import Pressed, pressed

FROZEN_S = 10.0
LONGEST_ANSWER_S = 60.0


@pytest.fixture(scope="module")
async def one(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pressed]:
    """An installation for the tests that leave it as it was."""
    async with pressed(tmp_path_factory.mktemp("pressed")) as installation:
        yield installation


async def test_the_database_stops_for_ten_seconds_under_callbacks_at_full_speed(one: Pressed) -> None:
    addresses = await one.rows(900)
    ended = asyncio.Event()
    storm = asyncio.create_task(one.storm(addresses, ended))
    await one.first_acknowledged.wait()
    await one.cluster.stop()
    await asyncio.sleep(FROZEN_S)
    await one.restart_database()
    async with asyncio.timeout(900):
        seen = await storm
    assert len(seen.acknowledged) == 900, seen.statuses
    assert set(seen.statuses) <= {200, 202, 503}
    assert seen.statuses[503] > 0, "nobody noticed that the database was away"
    assert seen.without_retry_after == 0
    assert seen.slowest_s < LONGEST_ANSWER_S
    assert await one.lost(seen.acknowledged) == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 MB, where this account may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603 -- a fixed command
        ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a full disk needs the right to mount ({mounted.stderr.decode().strip()})")
    yield folder
    subprocess.run(["/usr/bin/umount", "--lazy", str(folder)], check=False)  # noqa: S603 -- the same


async def test_the_disk_is_full_under_callbacks_at_full_speed(small_disk: Path) -> None:
    async with pressed(small_disk, shared_buffers="32MB", max_wal_size="64MB", min_wal_size="32MB") as installation:
        addresses = await installation.rows(400)
        ended = asyncio.Event()
        storm = asyncio.create_task(installation.storm(addresses, ended))
        await asyncio.sleep(0.5)
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            free = os.statvfs(small_disk)
            left = free.f_bavail * free.f_frsize
            file.write(b"\0" * max(0, left - 300_000))
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
        await asyncio.sleep(6.0)
        ballast.unlink()
        await installation.restart_database()
        async with asyncio.timeout(900):
            seen = await storm
        assert len(seen.acknowledged) == 400, seen.statuses
        assert set(seen.statuses) <= {200, 202, 503}
        assert seen.without_retry_after == 0
        assert await installation.lost(seen.acknowledged) == set()


async def test_a_callback_of_a_hundred_megabytes_is_refused_before_it_is_read(one: Pressed) -> None:
    [address] = list((await one.rows(1)).values())[:1]
    web = psutil.Process(one.web.pid)
    before = web.memory_info().rss
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1_000_000
            yield b"x" * 1_000_000

    async with httpx.AsyncClient(timeout=60) as http:
        said = await http.post(address, content=b"x" * 100_000_000)
        assert (said.status_code, said.json()) == (413, {"error": "The body is larger than any answer."})
        try:
            said = await http.post(address, content=endless())
        except httpx.WriteError:
            pass  # the server has answered and closed before all was sent
        else:
            assert said.status_code == 413
        forged = address[:-1] + ("A" if address[-1] != "A" else "B")
        assert (await http.post(forged, content=b"x" * 100_000_000)).status_code == 404
        assert (await http.post(address, json={"status": "error", "error": "too much"})).is_success
    assert web.memory_info().rss - before < 60_000_000


async def test_json_nested_a_hundred_thousand_deep_is_kept_and_called_unreadable(one: Pressed) -> None:
    address = next(iter((await one.rows(1)).values()))
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    async with httpx.AsyncClient(timeout=60) as http:
        said = await http.post(address, content=deep, headers={"content-type": "application/json"})
        assert said.is_success, said.text
        lists = await http.post(address, content=b"[" * 100_000, headers={"content-type": "application/json"})
        assert lists.is_success
        assert (await http.get(f"{one.web_url}/healthz")).is_success
    kept = await one.world.pg.fetch("select verdict::text, length(body) from callback_inbox order by id desc limit 2")
    assert {row[1] for row in kept} == {len(deep), 100_000}
    assert {row[0] for row in kept} <= {"rejected", "late", "duplicate"}


async def _drip(url: str, head: bytes, piece: bytes, pause_s: float, most_s: float) -> tuple[float, bytes]:
    """Send a request bit by bit; how long the server bore it, and its last words."""
    host = httpx.URL(url)
    reader, writer = await asyncio.open_connection(host.host, host.port)
    began = time.monotonic()
    said = b""
    try:
        writer.write(head)
        while time.monotonic() - began < most_s:
            writer.write(piece)
            await writer.drain()
            try:
                said = await asyncio.wait_for(reader.read(2000), pause_s)
            except TimeoutError:
                continue
            break
    except ConnectionError:
        pass
    writer.close()
    return time.monotonic() - began, said


async def test_who_sends_slowly_is_told_so_and_holds_up_nobody(one: Pressed) -> None:
    address = next(iter((await one.rows(1)).values()))

    async def slow_heads() -> list[tuple[float, bytes]]:
        head = b"POST /clay/paid/x HTTP/1.1\r\nhost: x\r\n"
        return await asyncio.gather(*(_drip(one.web_url, head, b"x-a: b\r\n", 0.5, 40) for _ in range(200)))

    async def slow_bodies() -> list[tuple[float, bytes]]:
        path = httpx.URL(address).raw_path
        head = b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n" % path
        return await asyncio.gather(*(_drip(one.web_url, head, b"x", 0.5, 60) for _ in range(20)))

    async def others() -> float:
        slowest = 0.0
        async with httpx.AsyncClient(timeout=30) as http:
            for _ in range(10):
                began = time.monotonic()
                assert (await http.get(f"{one.web_url}/healthz")).is_success
                slowest = max(slowest, time.monotonic() - began)
                await asyncio.sleep(1)
        return slowest

    heads, bodies, slowest = await asyncio.gather(slow_heads(), slow_bodies(), others())
    assert {said.split(b"\r\n")[0] for _, said in heads} == {b"HTTP/1.1 408 Request Timeout"}
    assert max(seconds for seconds, _ in heads) < 40, "the server ended it"
    assert {said.split(b"\r\n")[0] for _, said in bodies} == {b"HTTP/1.1 408 Request Timeout"}
    assert max(seconds for seconds, _ in bodies) < 60, "the server ended it"
    assert slowest < min(seconds for seconds, _ in heads), "nobody waited until the slow ones were gone"


async def test_a_head_without_end_is_refused(one: Pressed) -> None:
    async with httpx.AsyncClient(timeout=30) as http:
        said = await http.get(f"{one.web_url}/healthz", headers={"x-long": "y" * 200_000})
        assert said.status_code == 431
        assert (await http.get(f"{one.web_url}/healthz")).is_success
