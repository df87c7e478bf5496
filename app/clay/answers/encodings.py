"""Unpacks the bodies of callbacks that come compressed, within bounds: a small body may unpack to any size.

Clay's HTTP API column and what stands between it and Leadloom may compress bodies. Receivers call `unpack` before
anything is stored; what it gives is the body as its sender wrote it.
"""

from __future__ import annotations

import zlib

__all__ = ["ACCEPTED", "BodyError", "BrokenBodyError", "TooLargeError", "UnknownEncodingError", "unpack"]

ACCEPTED = "gzip, deflate, br, identity"
PLAIN = frozenset(("", "identity", "none"))
PACKED = frozenset(("gzip", "x-gzip", "deflate", "br"))
GZIP_MAGIC = b"\x1f\x8b"
ANY_HEADER, NO_HEADER = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS


class BodyError(Exception):
    """The body cannot be taken; `status` is HTTP's word for why."""

    status = 400


class TooLargeError(BodyError):
    """The body is larger than any answer."""

    status = 413


class UnknownEncodingError(BodyError):
    """Bodies are taken as gzip, deflate, br or uncompressed."""

    status = 415


class BrokenBodyError(BodyError):
    """The compressed body is damaged, or ends too soon."""


def unpack(raw: bytes, encoding: str, most: int) -> bytes:
    """The body as it was before it was compressed.

    A body that is compressed and does not say so is unpacked as well, and one that only says so is left as it is: JSON
    never begins with gzip's first bytes.

    Args:
        raw: what came.
        encoding: the Content-Encoding header.
        most: bytes that it may have.

    Raises:
        UnknownEncodingError: another encoding than gzip, deflate or br, or several.
        TooLargeError: it would be larger than `most`; no more than that is unpacked.
        BrokenBodyError: it is damaged; the sender may send it again.
    """
    named = encoding.strip().lower()
    if named not in PLAIN | PACKED:
        raise UnknownEncodingError
    if raw.startswith(GZIP_MAGIC):
        return _inflate(raw, ANY_HEADER, most)
    if named == "br":
        return _unbrotli(raw, most)
    if named != "deflate":
        return raw
    for header in (ANY_HEADER, NO_HEADER):  # servers differ in what they call deflate (RFC 9110, section 8.4.1.2)
        try:
            return _inflate(raw, header, most)
        except BrokenBodyError:
            continue
    return raw


def _inflate(raw: bytes, header: int, most: int) -> bytes:
    """Unpack all members of a compressed body, one after the other."""
    body = bytearray()
    while raw:
        member = zlib.decompressobj(header)
        try:
            body += member.decompress(raw, most + 1 - len(body))
        except zlib.error:
            raise BrokenBodyError from None
        if len(body) > most:
            raise TooLargeError
        if not member.eof:
            raise BrokenBodyError
        raw = member.unused_data.lstrip(b"\0")  # padding
    return bytes(body)


def _unbrotli(raw: bytes, most: int) -> bytes:
    """Unpack Brotli, which has no mark of its own: what is no Brotli and plainly JSON only says that it is."""
    import brotli  # noqa: PLC0415 -- hardly any body needs it, and no other may fail for it

    stream, body = brotli.Decompressor(), bytearray()
    try:
        # All of the input goes in at once; what does not fit the limit stays inside and is fetched part by part.
        part = stream.process(raw, output_buffer_limit=most + 1)
        while part and len(body) <= most:
            body += part
            part = stream.process(b"", output_buffer_limit=most + 1)
        whole = stream.is_finished()
    except brotli.error:
        whole = False
    if len(body) > most:
        raise TooLargeError
    if whole:
        return bytes(body)
    if raw.lstrip()[:1] in {b"{", b"["} and _is_text(raw):
        return raw
    raise BrokenBodyError


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
