"""Unpacks the bodies of callbacks that come compressed, within bounds: a small body may unpack to any size.

Clay's HTTP API column and what stands between it and Leadloom may compress bodies. Receivers call `unpack` before
anything is stored; what it gives is the body as its sender wrote it.
"""

from __future__ import annotations

import zlib

__all__ = ["ACCEPTED", "BodyError", "BrokenBodyError", "TooLargeError", "UnknownEncodingError", "unpack"]

ACCEPTED = "gzip, deflate, identity"
PLAIN = frozenset(("", "identity", "none"))
PACKED = frozenset(("gzip", "x-gzip", "deflate"))
GZIP_MAGIC = b"\x1f\x8b"
ANY_HEADER, NO_HEADER = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS


class BodyError(Exception):
    """The body cannot be taken; `status` is HTTP's word for why."""

    status = 400


class TooLargeError(BodyError):
    """The body is larger than any answer."""

    status = 413


class UnknownEncodingError(BodyError):
    """Bodies are taken as gzip, deflate or uncompressed."""

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
        UnknownEncodingError: another encoding than gzip or deflate, or several.
        TooLargeError: it would be larger than `most`; no more than that is unpacked.
        BrokenBodyError: it is damaged; the sender may send it again.
    """
    named = encoding.strip().lower()
    if named not in PLAIN | PACKED:
        raise UnknownEncodingError
    if raw.startswith(GZIP_MAGIC):
        return _inflate(raw, ANY_HEADER, most)
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
