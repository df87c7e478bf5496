"""A long file in and out through a slow line that breaks: `python -m bench.transfer --rows 1000000 --mbit 5 --cut 150`.

The stack, the web and the engine run as processes of their own; between them and this process, which speaks HTTP as the
page's script does, stands a proxy with so many Mbit/s each way that cuts every request after `--cut` seconds. Printed:
how long the file took to arrive and to be read, how long the export took to be made and to come back, how often the
line was cut, and whether what came back is what was sent.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import csv
import hashlib
import io
import os
import re
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import httpx

from app.db import connect_database
from app.settings import settings
from app.setup.clients import create_client
from bench.throttle import Line, slow_line
from functions.console.processes import Processes

__all__ = ["Browser", "made_file"]

_MB = 1_000_000


class Browser:
    """What the page's script and a browser's download manager do: repeat what did not arrive, go on where it ended."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)  # a connection a request, so that the line cuts requests
        self.http = httpx.AsyncClient(base_url=url, limits=limits, timeout=60, headers={"connection": "close"})
        self.repeated = 0
        self._token = ""

    async def enter(self, email: str, password: str) -> None:
        """Sign in."""
        form = await self.ask("GET", "/sign-in")
        fields = {"email": email, "password": password, "csrf_token": _token(form.text), "next": ""}
        await self.ask("POST", "/sign-in", data=fields)
        page = await self.ask("GET", "/clients")
        self._token = _token(page.text)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, repeated while the line or the server is away."""
        headers = {"x-csrf-token": self._token, "x-leadloom-upload": "1"} | more.pop("headers", {})
        while True:
            try:
                answer = await self.http.request(method, path, headers=headers, **more)
            except httpx.TransportError:
                self.repeated += 1
                await asyncio.sleep(0.2)
                continue
            if answer.status_code < 500:
                return answer
            self.repeated += 1
            await asyncio.sleep(0.5)

    async def upload(self, client: str, name: str, file: bytes) -> dict[str, Any]:
        """Send a file in pieces, two at a time; the job as it stands when all have arrived."""
        base = f"/clients/{client}/files"
        about = {"filename": name, "byte_size": len(file), "sha256": hashlib.sha256(file).hexdigest()}
        job: dict[str, Any] = (await self.ask("POST", base, json=about)).json()
        missing = list(job["missing"])

        async def lane() -> None:
            while missing:
                number = missing.pop(0)
                content = file[number * job["piece_bytes"] :][: job["piece_bytes"]]
                proof = base64.b64encode(hashlib.sha256(content).digest()).decode()
                headers = {"content-digest": f"sha-256=:{proof}:"}
                answer = await self.ask("PUT", f"{base}/{job['uid']}/pieces/{number}", content=content, headers=headers)
                assert answer.status_code == 200, answer.text

        await asyncio.gather(lane(), lane())
        return dict((await self.ask("GET", f"{base}/{job['uid']}")).json())

    async def until_read(self, client: str, uid: str) -> dict[str, Any]:
        """Wait until a file is read."""
        while True:
            job: dict[str, Any] = (await self.ask("GET", f"/clients/{client}/files/{uid}")).json()
            if job["state"] in ("READY", "FAILED"):
                assert job["state"] == "READY", job
                return job
            await asyncio.sleep(0.2)

    async def export(self, path: str) -> str:
        """Ask for a long export, and wait until it is made; the address of the file."""
        page = (await self.ask("GET", path)).headers["location"]
        while True:
            if "The file is ready" in (await self.ask("GET", page)).text:
                return f"{page}/file"
            await asyncio.sleep(0.2)

    async def download(self, path: str, out: IO[bytes]) -> int:
        """Download a file, going on where it broke off; how many requests that took."""
        done, whole, tag, requests = 0, None, "", 0
        while done != whole:
            requests += 1
            headers = {"range": f"bytes={done}-", "if-range": tag} if done else {}
            try:
                async with self.http.stream("GET", path, headers=headers) as answer:
                    assert answer.status_code == (206 if done else 200), answer.status_code
                    tag = answer.headers["etag"]
                    whole = done + int(answer.headers["content-length"])
                    async for block in answer.aiter_raw():
                        done += out.write(block)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
        return requests


def _token(page: str) -> str:
    found = re.search(r'name="csrf[_-]token" (?:value|content)="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def made_file(rows: int) -> bytes:
    """People, in about 160 bytes a row: a million of them are below what an upload may have."""
    file = io.StringIO(newline="")
    out = csv.writer(file)
    out.writerow(["First Name", "Last Name", "Title", "Email", "LinkedIn URL", "Company Name", "Website"])
    for n in range(rows):
        out.writerow([
            f"Ann{n % 997}", f"Smith{n % 9973}", "Head of Sales", f"ann{n}@tern{n % 50_000}.example",
            f"https://www.linkedin.com/in/ann-smith-{n}", f"Tern Vale {n % 50_000}", f"tern{n % 50_000}.example",
        ])  # fmt: skip
    return file.getvalue().encode()


async def _measure(browser: Browser, line: Line, client: str, file: bytes, rows: int) -> None:
    size, began = len(file), time.perf_counter()
    print(f"{rows:,} rows, {size / _MB:.1f} MB", flush=True)
    job = await browser.upload(client, "people.csv", file)
    sent = time.perf_counter() - began
    print(f"sent in {job['piece_count']} pieces in {sent:.1f} s ({8 * size / sent / 1e6:.2f} Mbit/s)", flush=True)
    job = await browser.until_read(client, job["uid"])
    assert job["result"]["rows"] == rows
    read = time.perf_counter() - began - sent
    print(f"read and compared in {read:.1f} s more ({rows / read:,.0f} rows/s); line cut {line.cuts} times", flush=True)
    began, cuts = time.perf_counter(), line.cuts
    address = await browser.export(f"/clients/{client}/uploads/{job['result']['upload']}/rows.csv")
    made = time.perf_counter() - began
    print(f"export made in {made:.1f} s ({rows / made:,.0f} rows/s)", flush=True)
    with tempfile.TemporaryFile() as back:
        requests = await browser.download(address, back)
        came = time.perf_counter() - began - made
        got = back.tell()
        back.seek(0)
        same = back.read().removeprefix("\ufeff".encode()) == file
    print(f"{got / _MB:.1f} MB back in {came:.1f} s ({8 * got / came / 1e6:.2f} Mbit/s), {requests} requests")
    print(f"line cut {line.cuts - cuts} times; requests repeated {browser.repeated}; the same file came back: {same}")
    if not same:
        raise SystemExit("The file is not the same.")


async def _run(folder: Path, options: argparse.Namespace) -> None:
    processes = Processes(folder)
    await processes.start("stack")
    try:
        web = await processes.start("web", "--port", str(options.port))
        await processes.start("engine")
        mine = settings()
        assert mine.admin_email is not None
        assert mine.admin_password is not None
        async with connect_database() as db:
            client = (await create_client(db, "Benchmark", actor="bench"))["uid"]
        file = made_file(options.rows)
        async with slow_line(web, mbit_per_s=options.mbit, cut_after_s=options.cut) as line:
            browser = Browser(line.url)
            await browser.enter(mine.admin_email, mine.admin_password.get_secret_value())
            await _measure(browser, line, client, file, options.rows)
            await browser.http.aclose()
    finally:
        await processes.stop()


def main() -> None:
    """Start everything, send, read, export, fetch, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--mbit", type=float, default=5.0, help="the line, each way")
    parser.add_argument("--cut", type=float, default=150.0, help="seconds after which a request is cut")
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leadloom-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["LEADLOOM_HOME"] = folder
        for name in ("SUPABASE_URL", "SUPABASE_SECRET_KEY", "SUPABASE_PUBLISHABLE_KEY", "DATABASE_URL"):
            os.environ.pop(name, None)
        asyncio.run(_run(Path(folder), options))


if __name__ == "__main__":
    main()
