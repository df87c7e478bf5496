"""An upload from file to stored rows: the beginning of the data's way.

`ingest` reads a file in three stations (`text`, `survey`, `reading`), maps its header (`headers`) and sends every
column of every row, untouched, to `raw_apollo_uploads`, and with the rows what they are recognised by (`row_keys`,
`storing`). Nobody sees the upload before its last row has arrived. Where a reader was lost, the next one goes on. What
comes next is a launch (`app/engine/batches.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4, uuid5

from app.db import Database
from app.errors import InputError, UserError
from app.intake.headers import HeaderMatch, detect_kind
from app.intake.mapping import Choice, Settled, settle
from app.intake.pieces import sweep_stale_uploads
from app.intake.reading import Chunk, TableReader
from app.intake.row_keys import KEY_VERSION, row_keys
from app.intake.storing import Begun, KeyedChunk, give_up, send_rows
from app.intake.survey import Table, survey
from app.intake.text import TextFile, Warned, open_text
from app.states import UploadKind, UploadState

__all__ = ["UploadResult", "ingest", "upload_uid"]

_FILENAME_LENGTH = 255

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UploadResult:
    """A file that was read in completely.

    Attributes:
        uid: the upload's.
        kind: people, companies or customers.
        row_count: rows stored.
        header: column names in file order.
        mapping: field -> column.
        unrecognised: columns whose label nobody knows.
        report: everything noticed on the way: encoding, separator, preamble, columns, warnings.
    """

    uid: str
    kind: str
    row_count: int
    header: list[str]
    mapping: dict[str, str]
    unrecognised: list[str]
    report: dict[str, Any]


@dataclass(frozen=True)
class _File:
    """A file as far as it is understood before its rows are read."""

    text: TextFile
    table: Table
    settled: Settled
    reader: TableReader
    chunks: Iterator[KeyedChunk]
    first: KeyedChunk


async def ingest(
    db: Database,
    source: Path | bytes | IO[bytes],
    *,
    client: str | UUID,
    kind: str | None = None,
    insist: bool = True,
    filename: str,
    choices: Sequence[Choice] = (),
    allow_duplicate: bool = False,
    actor: str,
    upload: str | UUID | None = None,
    keep_rows: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> UploadResult:
    """Read a CSV file into an upload; one that was begun with the very same file is gone on with.

    Args:
        db: the database.
        source: a path, the content, or a seekable binary file (which stays open).
        client: the client's uid.
        kind: people, companies or customers; None: as a remembered mapping says, or the columns.
        insist: read the file as that kind even if its columns look like the other; else such a file is refused.
        filename: what the file is called where it came from.
        choices: columns with the field that each is to hold, before what is remembered or seen.
        allow_duplicate: read the file in although the client has this very file already.
        actor: who uploads, for the audit log.
        upload: a uid for the upload; one of that name that is complete already is the answer.
        keep_rows: leave what is stored for the next reader if this one is stopped; a refused file goes all the same.
        on_progress: called with the number of rows stored so far, and of how many; blank lines count as rows there.

    Returns:
        The upload, ready to launch.

    Raises:
        InputError: the file cannot be taken; says why, on which line, and what to do.
        ConflictError: the client has this very file already; names the upload.
        NotFoundError: there is no such client.
    """
    if kind is not None and kind not in list(UploadKind):
        raise InputError(f"“{kind}” is not an upload type.", f"Choose one of {', '.join(UploadKind)}.")
    await sweep_stale_uploads(db)
    file = await _understand(db, source, client, kind, choices)
    match = file.settled.match
    try:
        likely = detect_kind(file.table.header, file.table.sample)
        if not insist and kind not in {None, "customers", likely} and file.settled.remembered is None:
            raise InputError(
                f"The columns of {filename} look like {likely}, not {kind}.",
                f"Choose a pipeline for {likely}; or use --kind {kind} to read the file as {kind} anyway.",
            )
        known = await db.call(
            "begin_upload",
            upload=(wanted := str(upload or uuid4())),
            holder=(holder := str(uuid4())),
            client=client,
            kind=match.kind,
            filename=Path(filename).name[-_FILENAME_LENGTH:] or "upload.csv",
            sha256=file.text.sha256,
            byte_size=file.text.byte_size,
            header=file.table.header,
            header_shape=file.settled.shape,
            mapping=match.mapping,
            report=_report(file),
            allow_duplicate=allow_duplicate,
            actor=actor,
        )
        if known["state"] == UploadState.READY:
            return _known(known)
        begun = Begun(known["upload"], holder, known["rows_through"])
        if begun.uid != wanted:
            log.info("Upload %s is gone on with after %s rows", begun.uid, begun.through)
        return await _store(db, file, begun, keep_rows=keep_rows, told=on_progress)
    finally:
        file.text.close()


def upload_uid(launch_key: str | UUID) -> str:
    """The uid of the upload that belongs to a launch: whoever carries the launch out again goes on with that upload."""
    return str(uuid5(UUID(str(launch_key)), "upload"))


async def _understand(
    db: Database,
    source: Path | bytes | IO[bytes],
    client: str | UUID,
    kind: str | None,
    choices: Sequence[Choice],
) -> _File:
    """Everything that can refuse the file, before anything of it is stored."""
    text = await asyncio.to_thread(open_text, source)
    try:
        table = await asyncio.to_thread(survey, text)
        settled = await settle(db, client, table.header, table.sample, kind=kind, choices=choices)
        reader = TableReader(table)
        chunks = _keyed(reader.chunks(), settled.match)
        return _File(text, table, settled, reader, chunks, await asyncio.to_thread(next, chunks))
    except BaseException:
        text.close()
        raise


def _keyed(chunks: Iterator[Chunk], match: HeaderMatch) -> Iterator[KeyedChunk]:
    return ((chunk, row_keys(match.kind, chunk.columns, match.mapping, chunk.rows)) for chunk in chunks)


def _known(upload: dict[str, Any]) -> UploadResult:
    """The result of an upload that another call of the same name has read."""
    report = upload["report"]
    unrecognised = list(report.get("unrecognised", []))
    return UploadResult(
        upload["upload"],
        upload["kind"],
        upload["row_count"],
        upload["header"],
        upload["mapping"],
        unrecognised,
        report,
    )


async def _store(
    db: Database, file: _File, begun: Begun, *, keep_rows: bool, told: Callable[[int, int], object] | None
) -> UploadResult:
    report = _report(file)

    def stored(rows: int) -> None:
        if told is not None:
            told(rows, file.table.records)

    try:
        await send_rows(db, begun, file.first, file.chunks, stored)
        read = file.reader.report()
        report |= read | {"warnings": [*report["warnings"], *read["warnings"]]}
        await db.call(
            "finish_upload",
            upload=begun.uid,
            holder=begun.holder,
            row_count=file.reader.rows,
            report=report,
            header=file.reader.columns,
            key_version=KEY_VERSION,
        )
    except BaseException as error:
        if not keep_rows or isinstance(error, UserError):
            await asyncio.shield(give_up(db, begun, error))
        raise
    match, columns = file.settled.match, file.reader.columns
    return UploadResult(begun.uid, match.kind, file.reader.rows, columns, match.mapping, match.unrecognised, report)


def _report(file: _File) -> dict[str, Any]:
    """What is known of a file before its rows are read; the reader's own report is added at the end."""
    table, match, remembered = file.table, file.settled.match, file.settled.remembered
    warnings = [*file.text.warnings, *(Warned("mapping", note) for note in match.notes)]
    likely = detect_kind(table.header, table.sample)
    if remembered is None and match.kind not in {"customers", likely}:
        warnings.append(Warned("kind", f"The columns look like {likely}; the file is read as {match.kind}, as asked."))
    if not match.mapping:
        warnings.append(Warned("mapping", "No column was recognized. Map the columns by hand."))
    return {
        "encoding": file.text.encoding,
        "separator": table.separator,
        "header_line": table.header_line,
        "preamble": table.preamble,
        "unrecognised": match.unrecognised,
        "unused": match.unused,
        "by_value": match.by_value,
        "automatic_mapping": file.settled.automatic,
        "remembered": remembered,
        "warnings": [asdict(warning) for warning in warnings],
    }
