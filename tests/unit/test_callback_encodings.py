"""Compressed callbacks: unpacked within bounds, refused when nobody can read them."""

from __future__ import annotations

import gzip
import zlib

import pytest

from app.callback_encodings import BrokenBodyError, TooLargeError, UnknownEncodingError, unpack

BODY = b'{"status": "success", "name": "Acme"}'
MOST = 10_000


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), " GZIP "),
        (gzip.compress(BODY, mtime=0), "x-gzip"),
        (zlib.compress(BODY), "deflate"),
        (raw_deflate(BODY), "deflate"),
        (gzip.compress(BODY[:9], mtime=0) + gzip.compress(BODY[9:], mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0) + b"\0" * 20, "gzip"),
        (gzip.compress(BODY, mtime=0), ""),
        (BODY, "gzip"),
        (BODY, "deflate"),
    ],
    ids=[
        "plain",
        "identity",
        "gzip",
        "case",
        "x-gzip",
        "zlib",
        "deflate",
        "members",
        "padding",
        "unsaid",
        "untrue",
        "no",
    ],
)
def test_the_body_is_what_its_sender_wrote(raw: bytes, encoding: str) -> None:
    assert unpack(raw, encoding, MOST) == BODY


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br", "\u00e9"])
def test_what_nobody_can_read_is_refused(encoding: str) -> None:
    with pytest.raises(UnknownEncodingError):
        unpack(b"\x1f\x8b", encoding, MOST)


@pytest.mark.parametrize("size", [MOST + 1, 50_000_000])
def test_a_bomb_is_refused_before_it_is_whole(size: int) -> None:
    with pytest.raises(TooLargeError):
        unpack(gzip.compress(b"0" * size, mtime=0), "gzip", MOST)
    with pytest.raises(TooLargeError):
        unpack(gzip.compress(b"0" * MOST, mtime=0) + gzip.compress(b"0", mtime=0), "gzip", MOST)


def test_the_largest_body_fits() -> None:
    assert len(unpack(gzip.compress(b"0" * MOST, mtime=0), "gzip", MOST)) == MOST


@pytest.mark.parametrize(
    "raw", [gzip.compress(BODY, mtime=0)[:-9], gzip.compress(BODY, mtime=0)[:20] + b"xxxx", b"\x1f\x8b"]
)
def test_a_damaged_body_is_asked_for_again(raw: bytes) -> None:
    with pytest.raises(BrokenBodyError):
        unpack(raw, "gzip", MOST)
