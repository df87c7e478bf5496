"""Files that a browser saves: short exports at once, long ones as a job, and downloads that can be gone on with.

No file begins before it is known that it can be made: what is wrong is said on a page. Every file is sent with its
length, so that one which broke off is recognised.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from bisect import bisect_right
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from app.db import Database
from app.intake.pieces import piece_content
from app.results.export_jobs import MOST_AT_ONCE, count_rows, csv_parts, request_export, stored_export
from app.results.exports import BOM
from web.deps import services
from web.drawing.pages import redirect
from web.drawing.ranges import asked_range

__all__ = ["attachment", "send_export", "send_stored"]

_TYPES = {".csv": "text/csv; charset=utf-8", ".parquet": "application/vnd.apache.parquet"}


def attachment(filename: str) -> dict[str, str]:
    """The headers of a download under a name, which may have any character (RFC 6266, RFC 5987).

    Named as unpacked, so that the compressing middleware leaves the file alone: its length and its parts would be lost.
    """
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}",
        "content-encoding": "identity",
    }


async def send_export(
    request: Request, db: Database, wanted: dict[str, Any], filename: str, *, actor: str, pages: str = "/exports"
) -> Response:
    """Answer with the file, or lead to the page of the job that makes it when it has more than `MOST_AT_ONCE` rows.

    Args:
        request: the request.
        db: the database.
        wanted: what to export, as `app.results.export_jobs` knows it.
        filename: what the file shall be called.
        actor: who asks.
        pages: where the job's page is.

    Raises:
        UserError: there is no such client, batch, upload or column.
    """
    rows = await count_rows(db, wanted)
    if rows > MOST_AT_ONCE:
        known = rows if wanted["what"] in ("batch", "rows") else None
        job = await request_export(db, wanted, filename, total=known, actor=actor)
        await services(request).wake()
        return redirect(request, f"{pages}/{job['uid']}")
    if wanted["what"] == "leads_parquet":
        from app.results.parquet import leads_parquet  # noqa: PLC0415 -- with polars, for this one kind of download

        path = await leads_parquet(db, wanted["client"], wanted["filters"], wanted["columns"])
    else:
        path = await _written(csv_parts_of(db, wanted))
    return FileResponse(
        path,
        media_type=_TYPES[Path(filename).suffix],
        headers=attachment(filename),
        background=BackgroundTask(path.unlink),
    )


async def csv_parts_of(db: Database, wanted: dict[str, Any]) -> AsyncIterator[bytes]:
    """A whole CSV file, part by part."""
    yield BOM
    async for part in csv_parts(db, wanted):
        yield part.content


async def _written(parts: AsyncIterator[bytes]) -> Path:
    """A file of one's own with these bytes; whatever goes wrong in the middle leaves none."""
    with tempfile.NamedTemporaryFile(prefix="leadloom-", delete=False) as target:
        path = Path(target.name)
        try:
            async for content in parts:
                await asyncio.to_thread(target.write, content)
        except BaseException:
            await asyncio.to_thread(path.unlink)
            raise
    return path


async def send_stored(request: Request, db: Database, uid: str) -> Response:
    """An export that a worker has made, or the part of it that is asked for (Range, If-Range).

    Raises:
        NotFoundError: there is none, or its day is over.
        ConflictError: it is not ready yet.
    """
    file = await stored_export(db, uid)
    size, tag = file["byte_size"], f'"{uid}"'
    headers = attachment(file["filename"]) | {
        "accept-ranges": "bytes",
        "etag": tag,
        "cache-control": "private, no-cache",
    }
    may = request.headers.get("if-range") in (None, tag)
    asked = asked_range(request.headers.get("range"), size) if may else None
    if asked is not None and not len(asked):
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    wanted = range(size) if asked is None else asked
    headers["content-length"] = str(len(wanted))
    if asked is not None:
        headers["content-range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
    return StreamingResponse(
        _cut(db, uid, file["starts"], wanted),
        status_code=200 if asked is None else 206,
        media_type=_TYPES[Path(file["filename"]).suffix],
        headers=headers,
    )


async def _cut(db: Database, uid: str, starts: list[int], wanted: range) -> AsyncIterator[bytes]:
    """The bytes of these offsets out of the pieces that begin at `starts`."""
    if not len(wanted):
        return
    first, last = (bisect_right(starts, offset) - 1 for offset in (wanted[0], wanted[-1]))
    at = starts[first]
    async for content in piece_content(db, uid, range(first, last + 1)):
        yield content[max(0, wanted.start - at) : wanted.stop - at]
        at += len(content)
