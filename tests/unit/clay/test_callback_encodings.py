"""Compressed callbacks: unpacked within bounds, refused when nobody can read them."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import brotli
import pytest

from app.clay.answers.encodings import BrokenBodyError, TooLargeError, UnknownEncodingError, unpack

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
        (brotli.compress(BODY), "br"),
        (brotli.compress(BODY, quality=0), " BR "),
        (gzip.compress(BODY, mtime=0), "br"),
        (BODY, "br"),
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
        "br",
        "br case",
        "not br but gzip",
        "not br",
    ],
)
def test_the_body_is_what_its_sender_wrote(raw: bytes, encoding: str) -> None:
    assert unpack(raw, encoding, MOST) == BODY


@pytest.mark.parametrize("encoding", ["zstd", "compress", "br, gzip", "gzip, gzip", "gzip, br", "\u00e9"])
def test_what_nobody_can_read_is_refused(encoding: str) -> None:
    with pytest.raises(UnknownEncodingError):
        unpack(b"\x1f\x8b", encoding, MOST)


@pytest.mark.parametrize("size", [MOST + 1, 50_000_000])
def test_a_bomb_is_refused_before_it_is_whole(size: int) -> None:
    with pytest.raises(TooLargeError):
        unpack(gzip.compress(b"0" * size, mtime=0), "gzip", MOST)
    with pytest.raises(TooLargeError):
        unpack(gzip.compress(b"0" * MOST, mtime=0) + gzip.compress(b"0", mtime=0), "gzip", MOST)


@pytest.mark.parametrize("size", [MOST + 1, 50_000_000])
def test_a_bomb_of_brotli_is_refused_before_it_is_whole(size: int) -> None:
    bomb = brotli.compress(b"0" * size)
    assert len(bomb) < MOST / 100
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpack(bomb, "br", MOST)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [0, 1, MOST - 1, MOST])
def test_brotli_up_to_the_limit_is_whole(size: int) -> None:
    body = bytes(n % 251 for n in range(size))
    assert unpack(brotli.compress(body), "br", MOST) == body


@pytest.mark.parametrize(
    "raw", [brotli.compress(BODY)[:-3], b"{\xff\xfe not brotli", b"<html>", b"", brotli.compress(BODY) + b"x"]
)
def test_damaged_brotli_is_asked_for_again(raw: bytes) -> None:
    with pytest.raises(BrokenBodyError):
        unpack(raw, "br", MOST)


def test_the_largest_body_fits() -> None:
    assert len(unpack(gzip.compress(b"0" * MOST, mtime=0), "gzip", MOST)) == MOST


@pytest.mark.parametrize(
    "raw", [gzip.compress(BODY, mtime=0)[:-9], gzip.compress(BODY, mtime=0)[:20] + b"xxxx", b"\x1f\x8b"]
)
def test_a_damaged_body_is_asked_for_again(raw: bytes) -> None:
    with pytest.raises(BrokenBodyError):
        unpack(raw, "gzip", MOST)
