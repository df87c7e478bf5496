"""Files that are no CSV at all, known by how they begin, and what to do about each.

`app/intake/text.py` asks before it decodes anything, and once more about text behind a byte order mark.
"""

from __future__ import annotations

import re

from app.errors import InputError

__all__ = ["foreign", "no_table"]

_AS_CSV = "Open it in the program it came from and save it as CSV (UTF-8), then upload that file."
_UNPACK = "Unpack it and upload the CSV in it; if there is none, open what is in it and save it as CSV (UTF-8)."
_AGAIN = "Download it again. If it is meant to look like this, open it in a spreadsheet and save it as CSV (UTF-8)."
_FAILED = "this looks like a failed download"

# How files that are not tables begin, and what they are; signatures from the formats' own specifications.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x05\x06", "an empty ZIP archive", _AS_CSV),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", _AS_CSV),
    (b"ID;PWXL", "a SYLK spreadsheet", _AS_CSV),
    (b"%PDF", "a PDF document", _AS_CSV),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x89PNG", "an image", _AS_CSV),
    (b"\xff\xd8\xff", "an image", _AS_CSV),
    (b"GIF8", "an image", _AS_CSV),
    (b"RIFF", "an image or audio file", _AS_CSV),
    (b"{\\rtf", "a Word document", _AS_CSV),
    (b"SQLite format 3\0", "a database", _AS_CSV),
    (b"PAR1", "a Parquet file", _AS_CSV),
    (b"ARROW1", "an Arrow file", _AS_CSV),
    (b"Obj\x01", "an Avro file", _AS_CSV),
    (b"bplist00", "an Apple property list or web archive", _AS_CSV),
    (b"\x00\x05\x16\x07", "a macOS resource file, not the file itself", _AS_CSV),
    (b"BEGIN:VCARD", "a list of vCards", _AS_CSV),
    (b"BEGIN:VCALENDAR", "a calendar", _AS_CSV),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", _AGAIN),
    (b"HTTP/1.", "a raw web server response, including headers", _AGAIN),
)
_MARKUP = re.compile(rb"\s*<(?:[!?]|/?[a-z][\w:-]*(?:\s[^<>]*)?/?>(?![,;\t|]))", re.IGNORECASE)
_JSON = re.compile(
    rb"""\s*(?:\)\]\}',?\s*)?(?:\{\s*(?:["']|\})|\[\s*(?:\{|\[|"|'|\]|-?\d)|(?:null|true|false|"[^"\r\n]*")\s*\Z)"""
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BINARY_SHARE, _BINARY_FEW = 0.05, 8


def foreign(head: bytes) -> InputError | None:
    """The refusal of a file that begins like this, whatever its encoding; None where it may be a table."""
    if head.startswith((b"PK\x03\x04", b"PK\x07\x08")):
        return _packed(head)
    for magic, what, then in _MAGIC:
        if head.startswith(magic):
            failed = f": {_FAILED}" if then is _AGAIN else ""
            return InputError(f"The file is {what}, not a CSV{failed}.", then)
    return None


def no_table(head: bytes) -> InputError | None:
    """The refusal of decoded text that begins like this; None where it may be a table."""
    written = head.rstrip(b"\0\x1a")  # what a disk or an old editor pads a file with
    if len(_CONTROL.findall(written)) > max(_BINARY_SHARE * len(written), _BINARY_FEW):
        return InputError("The file contains binary data, not text.", _AS_CSV)
    if _MARKUP.match(head):
        return InputError(f"The file is a web page or XML, not a CSV: {_FAILED}.", _AGAIN)
    if _JSON.match(head):
        return InputError(f"The file is JSON, not a CSV: {_FAILED}.", _AGAIN)
    return None


def _packed(head: bytes) -> InputError:
    """A ZIP: spreadsheets and documents of today are ZIPs too, told apart by the names inside."""
    for name, what in (
        (b"xl/", "an Excel workbook"),
        (b"word/", "a Word document"),
        (b"ppt/", "a presentation"),
        (b"opendocument", "an OpenDocument spreadsheet"),
        (b"Index/", "a Numbers spreadsheet"),
        (b"[Content_Types].xml", "an Excel workbook"),
    ):
        if name in head:
            return InputError(f"The file is {what}, not a CSV.", _AS_CSV)
    return InputError(
        "The file is an Excel workbook or a ZIP archive, not a CSV.",
        "If it is a workbook, save it as CSV (UTF-8); if an archive, unpack it and upload the CSV in it.",
    )
