"""From whatever bytes came to UTF-8 text in a file, or to a clear refusal.

First station of an upload (`app/intake/ingest.py`): `open_text` weighs and hashes the file, refuses what is not text,
and re-encodes what is not UTF-8; `app/intake/survey.py` then looks for the table in it. Memory stays flat: files are
read in blocks, and a re-encoded copy lies on disk.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import itertools
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from app.errors import InputError
from app.intake.encodings import BOMS, code_page, wide_without_mark
from app.intake.foreign import foreign, no_table

__all__ = ["MAX_BYTES", "TextFile", "Warned", "open_text"]

MAX_BYTES = 200_000_000
BLOCK = 1 << 20
_HEAD = 1 << 16
_SPOOL = 32 << 20
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True)
class Warned:
    """Something about a file that its owner should know.

    Attributes:
        code: what kind of thing, e.g. `ragged_rows`.
        text: the sentence to show.
        lines: line numbers in the file, the first few.
    """

    code: str
    text: str
    lines: list[int] = field(default_factory=list)


@dataclass
class TextFile:
    """UTF-8 text to read from `start` on.

    Attributes:
        file: open for reading bytes.
        owned: `close` closes it; a file that the caller opened stays the caller's.
        start: where the text begins, after a byte order mark.
        end: where it ends, in bytes.
        encoding: what the file was written in.
        sha256: of the bytes as they came.
        byte_size: of the bytes as they came.
        has_nul: NUL characters occur in it.
    """

    file: IO[bytes]
    owned: bool
    start: int
    end: int
    encoding: str
    sha256: str
    byte_size: int
    has_nul: bool
    warnings: list[Warned]

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`."""
        self.file.seek(start)
        return self.file.read(end - start)

    def rewrite(self, content: Iterable[bytes]) -> None:
        """Go on with other bytes, which lie in a file of their own; they may be made out of the present ones."""
        copy = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 -- closed by `close`
        try:
            for block in content:
                copy.write(block)
        except BaseException:
            copy.close()
            raise
        self.close()
        self.file, self.owned, self.start, self.end = copy, True, 0, copy.tell()

    def close(self) -> None:
        """Let go of the file."""
        if self.owned:
            self.file.close()


def open_text(source: Path | bytes | IO[bytes]) -> TextFile:
    """Open a file as UTF-8 text.

    Args:
        source: a path, the content, or a seekable binary file, which stays its owner's to close.

    Raises:
        InputError: it is empty, larger than `MAX_BYTES`, or not text at all.
    """
    file = _open(source)
    owned = file is not source
    try:
        size = _weigh(file)
        encoding, start = _encoding(file.read(_HEAD))
        sha256, is_utf8, has_nul = _survey_bytes(file)
        text = TextFile(file, owned, start, size, encoding, sha256, size, has_nul, [])
        if encoding != "utf-8" or not is_utf8:
            _reencode(text)
    except BaseException:
        if owned:
            file.close()
        raise
    if problem := no_table(text.read(text.start, min(text.end, text.start + _HEAD))):
        text.close()
        raise problem
    return text


def _open(source: Path | bytes | IO[bytes]) -> IO[bytes]:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if isinstance(source, Path):
        try:
            return source.open("rb")
        except OSError as error:
            raise InputError(f"{source} cannot be read: {error.strerror}.", "Check the path and try again.") from None
    return source


def _weigh(file: IO[bytes]) -> int:
    """The file's size, if it is one that can be taken; rewinds the file."""
    size = file.seek(0, io.SEEK_END)
    if size == 0:
        raise InputError("The file is empty.", "Export it again, then upload it.")
    if size > MAX_BYTES:
        raise InputError(
            f"The file is {size / 1e6:,.0f} MB; the limit is {MAX_BYTES / 1e6:,.0f} MB.",
            "Split it into smaller files and upload them one after another.",
        )
    file.seek(0)
    return size


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding that the first bytes speak of, and how long its mark is; refuses what is no text."""
    if problem := foreign(head):
        raise problem
    for bom, encoding in BOMS:
        if head.startswith(bom):
            more = len(bom) if head.startswith(bom, len(bom)) else 0  # a file that two programs marked
            return encoding, len(bom) + more
    return wide_without_mark(head) or "utf-8", 0


def _blocks(file: IO[bytes], start: int = 0) -> Iterator[bytes]:
    file.seek(start)
    while block := file.read(BLOCK):
        yield block


def _survey_bytes(file: IO[bytes]) -> tuple[str, bool, bool]:
    """SHA-256, whether all of it is UTF-8, and whether there are NULs in it."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    is_utf8, has_nul = True, False
    for block in _blocks(file):
        digest.update(block)
        has_nul = has_nul or b"\0" in block
        is_utf8 = is_utf8 and _decodes(decoder, block)
    return digest.hexdigest(), is_utf8 and _decodes(decoder, b"", final=True), has_nul


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _reencode(text: TextFile) -> None:
    """Replace the file by a UTF-8 copy on disk and note what had to be guessed."""
    page = code_page(_blocks(text.file, text.start))
    whole = page.whole and text.encoding == "utf-8"
    decoder = codecs.getincrementaldecoder(page.name if whole else text.encoding)(_GUESS)
    _guesses.count, _guesses.page = 0, page.name
    seen = {"beyond": 0, "nul": 0}

    def decoded() -> Iterator[bytes]:
        for block in itertools.chain(_blocks(text.file, text.start), [b""]):
            characters = decoder.decode(block, not block)
            seen["beyond"] += len(_BEYOND_ASCII.findall(characters))
            seen["nul"] += "\0" in characters
            yield characters.encode("utf-8", "replace")

    text.rewrite(decoded())
    text.has_nul = seen["nul"] > 0
    if whole:
        text.encoding = page.called
        text.warnings.append(_guessed(page.called, seen["beyond"]))
    else:
        _note_guesses(text, page.called, _guesses.count, seen["beyond"])


def _note_guesses(text: TextFile, called: str, guesses: int, beyond_ascii: int) -> None:
    if guesses and text.encoding == "utf-8":
        text.encoding = f"utf-8 with {called}" if beyond_ascii > 2 * guesses else called
        text.warnings.append(_guessed(called, guesses))
    elif guesses:
        name = text.encoding.upper()[:6]
        said = f"{guesses:,} characters of the {name} file are broken and became “\ufffd”."
        text.warnings.append(Warned("encoding", said))


def _guessed(called: str, count: int) -> Warned:
    page = called.replace("windows", "Windows").replace("mac-roman", "Mac Roman").replace("cp850", "code page 850")
    return Warned(
        "encoding",
        f"The file is not UTF-8: {count:,} characters were read as {page}. "
        "If names look wrong, save the file as CSV UTF-8 and upload it again.",
    )


_GUESS = "leadloom-code-page"
_guesses = threading.local()


def _guess(error: UnicodeError) -> tuple[str, int]:
    """Reads a byte that is not UTF-8 in the code page that fits the file, and counts it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _guesses.count += 1
    if error.encoding not in {"utf-8", "utf8"}:
        return "\ufffd", error.end
    bad = error.object[error.start : error.start + 1]
    # Five bytes mean nothing in Windows-1252; Latin-1 gives every byte a character.
    return bad.decode(_guesses.page, "ignore") or bad.decode("latin-1"), error.start + 1


codecs.register_error(_GUESS, _guess)
