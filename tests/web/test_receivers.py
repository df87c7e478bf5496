"""The receivers through the real application and a real database: what Clay's HTTP API column gets to hear."""

from __future__ import annotations

import gzip
import zlib

import orjson
import pytest

from tests.clay_kit import RECEIVER_TOKEN, SLUG, ClayWorld, answer
from tests.web.receivers_kit import Web


async def test_an_answer_is_applied_and_wakes_the_engine(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row)
    assert (response.status_code, response.json()) == (200, {"verdict": "applied"})
    assert web.woken == 1
    assert (await clay.state(row))["status"] == "COMPLETED"


async def test_a_second_answer_is_a_yes_too_so_that_clay_stops_asking(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    await web.signed(row)
    response = await web.signed(row)
    assert (response.status_code, response.json(), web.woken) == (200, {"verdict": "duplicate"}, 1)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""])
async def test_any_content_type_is_fine(clay: ClayWorld, web: Web, kind: str) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, headers={"content-type": kind})
    assert response.json() == {"verdict": "applied"}


async def test_a_form_is_fine_as_well(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, b"status=success&name=Acme&company_domain=acme.example")
    assert response.json() == {"verdict": "applied"}
    assert (await clay.result(row) or {})["company_domain"] == "acme.example"


async def test_garbage_is_stored_and_said_to_be_rejected(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, b"<html>")
    assert (response.status_code, response.json()) == (200, {"verdict": "rejected"})
    assert web.woken == 1, "its row has ended, and what comes after that is the engine's"
    assert (await clay.state(row))["error_code"] == "unreadable_answer"
    assert (await clay.inbox())[0]["body"] == "<html>"


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("; charset=utf-8", "utf-8"),
        ("", "utf-8"),
        ("", "cp1252"),
        ("", "utf-16"),
        ("; charset=windows-1251", "cp1251"),
        ('; charset="ISO-8859-1"', "latin-1"),
        ("; charset=iso-8859-1", "utf-8"),
        ("; charset=utf-16le", "utf-16-le"),
        ("; charset=idna", "utf-8"),
        ("; charset=\x00", "utf-8"),
    ],
)
async def test_a_body_is_read_in_its_encoding(clay: ClayWorld, web: Web, charset: str, encoding: str) -> None:
    name = "Чайка" if encoding == "cp1251" else "Zoë\u2019s Käse" if encoding == "cp1252" else "Zoë Käse"
    [row] = await clay.sent()
    body = f'{{"name": "{name}"}}'.encode(encoding)
    response = await web.signed(row, body, headers={"content-type": f"application/json{charset}"})
    assert response.json() == {"verdict": "applied"}
    assert (await clay.result(row) or {})["company_name"] == name


async def test_several_rows_at_the_fixed_url_each_get_a_verdict(clay: ClayWorld, web: Web) -> None:
    first, second = await clay.sent(2)
    body = [{"batch_item_id": row.item} | answer() for row in (first, second, first)]
    response = await web.fixed(body)
    verdicts = ["applied", "applied", "duplicate"]
    assert (response.status_code, response.json()) == (200, {"verdict": "several", "verdicts": verdicts})
    assert web.woken == 1


async def test_at_a_signed_url_a_list_answers_its_own_row_alone(clay: ClayWorld, web: Web) -> None:
    first, second = await clay.sent(2)
    response = await web.signed(second, [{"batch_item_id": row.item} | answer() for row in (first, second, second)])
    assert response.json() == {"verdict": "applied"}
    assert (await clay.state(second))["status"] == "COMPLETED"
    assert (await clay.state(first))["status"] == "IN_PROGRESS"


@pytest.mark.parametrize("token", ["x", "a.b.c.d", "..%2F..%2Fclients", "%00", "é"])
async def test_an_unknown_token_is_an_unknown_page(clay: ClayWorld, web: Web, token: str) -> None:
    response = await web.http.post(f"/clay/{SLUG}/{token}", content=b"{}")
    assert response.status_code == 404
    assert "verdict" not in response.text
    assert await clay.inbox() == []


async def test_a_token_for_another_step_is_an_unknown_page(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    parts = row.token().split(".")
    parts[1] = "1"
    response = await web.http.post(f"/clay/{SLUG}/{'.'.join(parts)}", json=answer())
    assert (response.status_code, response.json()) == (404, {"error": "Not found."})
    assert await clay.inbox() == []
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def test_the_fixed_url_takes_the_clients_token(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.fixed(answer(batch_item_id=row.item))
    assert (response.status_code, response.json()) == (200, {"verdict": "applied"})


@pytest.mark.parametrize("token", [None, "", "wrong-token-0123456789", f"{RECEIVER_TOKEN} ", f"{RECEIVER_TOKEN}x"])
async def test_the_fixed_url_tells_strangers_nothing(clay: ClayWorld, web: Web, token: str | None) -> None:
    [row] = await clay.sent()
    response = await web.fixed(answer(batch_item_id=row.item), token)
    if token == f"{RECEIVER_TOKEN} ":
        assert response.status_code == 200, "a blank at the end is a slip of the mouse"
        return
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert await clay.inbox() == []


async def test_other_schemes_than_bearer_are_refused(clay: ClayWorld, web: Web) -> None:
    response = await web.http.post(f"/clay/{SLUG}", content=b"{}", headers={"authorization": f"Basic {RECEIVER_TOKEN}"})
    assert response.status_code == 401


async def test_receivers_need_no_sign_in_and_set_no_cookies(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row)
    assert "set-cookie" not in response.headers
    assert response.headers["cache-control"] == "no-store"


async def test_looking_at_a_callback_url_does_nothing(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = await web.http.request(method, f"/clay/{SLUG}/{row.token()}")
        assert response.status_code == 405
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_answer_is_an_answer(clay: ClayWorld, web: Web, encoding: str) -> None:
    [row] = await clay.sent()
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}[encoding](orjson.dumps(answer()))
    response = await web.signed(row, packed, headers={"content-encoding": encoding})
    assert response.json() == {"verdict": "applied"}
    [stored] = await clay.inbox()
    assert orjson.loads(stored["body"]) == answer(), "kept as its sender wrote it"
