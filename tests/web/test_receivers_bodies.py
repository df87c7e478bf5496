"""Bodies as tables and what stands before them send them, at the running receiver: packed, encoded, typed by hand."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator
from typing import Any

import brotli
import httpx
import orjson
import pytest

from app.db import Database
from tests.clay_kit import RECEIVER_TOKEN, SLUG, Claimed, ClayWorld, answer
from web import receivers
from web.main import create_app

BR = {"content-encoding": "br"}
FOUND, NOT_FOUND, FAILED = ("COMPLETED", False), ("COMPLETED", True), ("FAILED", False)


@pytest.fixture
async def http(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The web application on this test's database."""
    app = create_app(wake=_nobody)
    app.state.services.database = db
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://leadloom.example") as one:
        yield one


async def _nobody() -> None: ...


async def post(http: httpx.AsyncClient, row: Claimed, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.post(f"/clay/{SLUG}/{row.token()}", content=body, headers=named)


async def outcome(clay: ClayWorld, row: Claimed) -> tuple[str, bool]:
    state = await clay.state(row)
    return state["status"], state["not_found"] is not None


async def test_an_answer_packed_with_brotli_is_an_answer(clay: ClayWorld, http: httpx.AsyncClient) -> None:
    [row] = await clay.sent()
    response = await post(http, row, brotli.compress(orjson.dumps(answer())), content_encoding="br")
    assert response.json() == {"verdict": "applied"}
    [stored] = await clay.inbox()
    assert orjson.loads(stored["body"]) == answer(), "kept as its sender wrote it"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (brotli.compress(b"0" * (receivers.MAX_BODY_BYTES + 1)), 413),
        (brotli.compress(orjson.dumps(answer()))[:-3], 400),
    ],
    ids=["bomb", "damaged"],
)
async def test_brotli_that_cannot_be_unpacked_is_refused_and_the_row_waits(
    clay: ClayWorld, http: httpx.AsyncClient, body: bytes, status: int
) -> None:
    [row] = await clay.sent()
    response = await post(http, row, body, content_encoding="br")
    assert (response.status_code, response.headers["accept-encoding"]) == (status, "gzip, deflate, br, identity")
    assert await clay.inbox() == []
    assert (await post(http, row, orjson.dumps(answer()))).json() == {"verdict": "applied"}


async def test_an_encoding_that_nobody_reads_is_refused_in_words(clay: ClayWorld, http: httpx.AsyncClient) -> None:
    [row] = await clay.sent()
    response = await post(http, row, orjson.dumps(answer()), content_encoding="zstd")
    assert (response.status_code, response.json()["error"]) == (
        415,
        "Bodies are taken as gzip, deflate, br or uncompressed.",
    )


@pytest.mark.parametrize(
    ("body", "kind", "name"),
    [
        ('{"name": "Żółw Müller"}'.encode(), "", "Żółw Müller"),
        (codecs.BOM_UTF8 + '{"name": "Żółw"}'.encode(), "application/json; charset=iso-8859-1", "Żółw"),
        ('{"name": "Żółw"}'.encode("utf-16"), "application/json", "Żółw"),
        ('{"name": "Żółw"}'.encode("utf-16-le"), "application/json; charset=utf-16le", "Żółw"),
        ('{"name": "Żółw"}'.encode("iso-8859-2"), "application/json; charset=ISO-8859-2", "Żółw"),
        ('{"name": "Bäcker & Œuf"}'.encode("cp1252"), "text/plain", "Bäcker & Œuf"),
        ('{"name": "Bäcker"}'.encode(), "application/json; charset=latin1", "Bäcker"),
        ('{"name": "Bäcker"}'.encode(), "application/json; charset=klingon", "Bäcker"),
    ],
)
async def test_a_body_is_read_in_the_encoding_that_it_has(
    clay: ClayWorld, http: httpx.AsyncClient, body: bytes, kind: str, name: str
) -> None:
    [row] = await clay.sent()
    await post(http, row, body, content_type=kind)
    assert (await clay.result(row) or {})["company_name"] == name


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"name": "Tern Ltd", "domain": "tern.no"}', FOUND),
        (b'{"data": {"organization": {"name": "Tern Ltd"}}, "success": true}', FOUND),
        (b'{"name": "Tern Ltd", "industry": "{{Industry}}",}', FOUND),
        (b'{"name": "Tern Ltd", "industry": {{Industry}} }', FOUND),
        (b'{"name": "Tern Ltd", "employees": , }', FOUND),
        (b'[{"name": "Tern Ltd"}]', FOUND),
        (b'"{\\"name\\": \\"Tern Ltd\\"}"', FOUND),
        (b'{"status": "no match"}', NOT_FOUND),
        (b'{"statusCode": 404, "message": "Company not found"}', NOT_FOUND),
        (b'{"result": null}', NOT_FOUND),
        (b'{"companies": [], "total": 0}', NOT_FOUND),
        (b'{"name": "{{Name}}", "domain": "{{Domain}}"}', NOT_FOUND),
        (b'{"name": "", "domain": null}', NOT_FOUND),
        (b'{"success": false, "errors": [{"message": "quota exceeded"}]}', FAILED),
        (b'{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "No credits"}', FAILED),
        (b'{"ok": false, "error": {"code": 500}}', FAILED),
        (b'{"wobble": "seventeen", "xyz": [1, 2]}', FAILED),
        (b'{"name": "Tern', FAILED),
        (b"<html><body>502 Bad Gateway</body></html>", FAILED),
        (b"", FAILED),
    ],
)
async def test_a_body_has_one_of_three_ends(
    clay: ClayWorld, http: httpx.AsyncClient, body: bytes, expected: tuple[str, bool]
) -> None:
    [row] = await clay.sent()
    assert (await post(http, row, body, content_type="application/json")).status_code == 200
    assert await outcome(clay, row) == expected
    [stored] = await clay.inbox()
    assert stored["body"] == body.decode(), "kept, whatever it is"


def lines(rows: list[Claimed], **more: Any) -> list[bytes]:
    return [orjson.dumps({"batch_item_id": row.item, "name": f"Firm {n}"} | more) for n, row in enumerate(rows)]


@pytest.mark.parametrize("form", ["list", "ndjson", "crlf", "behind", "under a key", "packed"])
async def test_rows_of_one_body_are_applied_one_by_one(clay: ClayWorld, http: httpx.AsyncClient, form: str) -> None:
    rows = await clay.sent(3)
    parts = lines(rows)
    listed = b"[" + b", ".join(parts) + b"]"
    body = {
        "list": listed,
        "ndjson": b"\n".join(parts) + b"\n",
        "crlf": b"\r\n\r\n".join(parts),
        "behind": b"".join(parts),
        "under a key": b'{"results": ' + listed + b"}",
        "packed": brotli.compress(b"\n".join(parts)),
    }[form]
    headers = {"authorization": f"Bearer {RECEIVER_TOKEN}"} | (BR if form == "packed" else {})
    said = (await http.post(f"/clay/{SLUG}", content=body, headers=headers)).json()
    assert said["verdicts"] == ["applied"] * 3
    names = [(await clay.result(row) or {})["company_name"] for row in rows]
    assert names == ["Firm 0", "Firm 1", "Firm 2"]


async def test_a_broken_row_among_others_fails_alone(clay: ClayWorld, http: httpx.AsyncClient) -> None:
    rows = await clay.sent(3)
    parts = lines(rows)
    parts[1] = parts[1].replace(b'"Firm 1"', b'"Firm 1')
    parts[2] = orjson.dumps({"batch_item_id": rows[2].item, "status": "not found"})
    headers = {"authorization": f"Bearer {RECEIVER_TOKEN}"}
    await http.post(f"/clay/{SLUG}", content=b"\n".join(parts), headers=headers)
    assert [await outcome(clay, row) for row in rows] == [FOUND, FAILED, NOT_FOUND]


async def test_fields_that_nobody_reads_are_named(clay: ClayWorld, http: httpx.AsyncClient) -> None:
    [row] = await clay.sent()
    await post(http, row, b'{"name": "Tern Ltd", "wobble_factor": 17, "zorp": {"a": 1}}')
    [stored] = await clay.inbox()
    assert stored["unread"] == ["wobble_factor", "zorp"]
