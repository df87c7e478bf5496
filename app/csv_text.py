"""From whatever bytes came to UTF-8 text in a file, or to a clear refusal.

First station of an upload (`app/uploads.py`): `open_text` weighs and hashes the file, refuses what is not text, and
re-encodes what is not UTF-8; `app/csv_survey.py` then looks for the table in it. Memory stays flat: files are read in
blocks, and a re-encoded copy lies on disk.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import itertools
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from app.errors import InputError

__all__ = ["MAX_BYTES", "TextFile", "Warned", "open_text"]

MAX_BYTES = 200_000_000
BLOCK = 1 << 20
_HEAD = 1 << 16
_SPOOL = 32 << 20
_BINARY_SHARE, _BINARY_FEW = 0.05, 8
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_AS_CSV = "Open it in the program it came from and save it as CSV (UTF-8), then upload that file."
# How files that are not tables begin, and what they are; signatures from the formats' own specifications.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a Word document"),
    (b"SQLite format 3\0", "a database"),
    (b"PAR1", "a Parquet file"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|body|table|\?xml|!--)", re.IGNORECASE)
_JSON = re.compile(rb'\s*(?:\{\s*(?:"|\})|\[\s*(?:\{|\[|"|\]))')
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
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
        raise InputError("The file is empty: it has no line 1.", "Export it again, then upload it.")
    if size > MAX_BYTES:
        raise InputError(
            f"The file has {size / 1e6:,.0f} MB; an upload may have {MAX_BYTES / 1e6:,.0f} MB.",
            "Split it into smaller files and upload them one after another.",
        )
    file.seek(0)
    return size


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding that the first bytes speak of, and how long its mark is; refuses what is not a table."""
    for magic, what in _MAGIC:
        if head.startswith(magic):
            _refuse(f"The file is {what}, not a CSV.")
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding, len(bom)
    if utf16 := _utf16_without_mark(head):
        return utf16, 0
    if len(_CONTROL.findall(head)) > max(_BINARY_SHARE * len(head), _BINARY_FEW):
        _refuse("The file holds binary data, not text.")
    if _MARKUP.match(head):
        _refuse("The file is a web page or XML, not a CSV.")
    if _JSON.match(head):
        _refuse("The file is JSON, not a CSV.")
    return "utf-8", 0


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 tells itself by zero bytes at every other place, as far as the text is Latin."""
    half = len(head) // 2
    low, high = head[1 : 2 * half : 2].count(0), head[0 : 2 * half : 2].count(0)
    if half and low > 0.6 * half and high < 0.1 * half:
        return "utf-16-le"
    if half and high > 0.6 * half and low < 0.1 * half:
        return "utf-16-be"
    return None


def _refuse(message: str) -> NoReturn:
    raise InputError(message, _AS_CSV)


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
    decoder = codecs.getincrementaldecoder(text.encoding)(_GUESS)
    copy = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 -- closed by TextFile.close
    _guesses.count = beyond_ascii = 0
    has_nul = False
    try:
        for block in itertools.chain(_blocks(text.file, text.start), [b""]):
            decoded = decoder.decode(block, not block)
            beyond_ascii += len(_BEYOND_ASCII.findall(decoded))
            has_nul = has_nul or "\0" in decoded
            copy.write(decoded.encode("utf-8", "replace"))
    except BaseException:
        copy.close()
        raise
    text.close()
    text.file, text.owned, text.start, text.end, text.has_nul = copy, True, 0, copy.tell(), has_nul
    _note_guesses(text, _guesses.count, beyond_ascii)


def _note_guesses(text: TextFile, guesses: int, beyond_ascii: int) -> None:
    if guesses and text.encoding == "utf-8":
        text.encoding = "utf-8 with windows-1252" if beyond_ascii > 2 * guesses else "windows-1252"
        said = (
            f"The file is not UTF-8: {guesses:,} characters were read as Windows-1252. "
            "If names look wrong, save the file as CSV UTF-8 and upload it again."
        )
        text.warnings.append(Warned("encoding", said))
    elif guesses:
        said = f"{guesses:,} characters of the UTF-16 file are broken and became “\ufffd”."
        text.warnings.append(Warned("encoding", said))


_GUESS = "leadloom-windows-1252"
_guesses = threading.local()


def _guess(error: UnicodeError) -> tuple[str, int]:
    """Reads a byte that is not UTF-8 as Windows-1252, the encoding of Excel's plain CSV, and counts it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _guesses.count += 1
    if error.encoding.startswith("utf-16"):
        return "\ufffd", error.end
    bad = error.object[error.start : error.start + 1]
    # Five bytes mean nothing in Windows-1252; Latin-1 gives every byte a character.
    return bad.decode("windows-1252", "ignore") or bad.decode("latin-1"), error.start + 1


codecs.register_error(_GUESS, _guess)
