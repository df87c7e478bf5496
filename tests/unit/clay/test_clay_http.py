"""One POST to Clay: every outcome there is, and what each is taken to mean."""

from __future__ import annotations

import asyncio
import logging
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx
from pydantic import SecretStr

from app.clay import public_transport
from app.clay.config import ClayConfig
from app.clay.post import Answer, http_client, judge, post_row, retry_after_s

HOOK = "https://api.clay.com/v3/sources/webhook/pull-in-data-0f9e1d"
CONFIG = ClayConfig(webhook_url=HOOK, auth_token=SecretStr("tok-secret-1"))
BODY = b'{"company_domain": "acme.example"}'


async def send(config: ClayConfig = CONFIG) -> Answer:
    async with http_client() as http:
        return await post_row(http, config, BODY)


@respx.mock
async def test_a_row_goes_out_as_json_with_the_token() -> None:
    route = respx.post(HOOK).respond(200, json={"success": True})
    assert (await send()).outcome == "taken"
    [call] = route.calls
    assert call.request.content == BODY
    assert call.request.headers["content-type"] == "application/json"
    assert call.request.headers["x-clay-webhook-auth"] == "tok-secret-1"


@respx.mock
async def test_without_a_token_there_is_no_header() -> None:
    route = respx.post(HOOK).respond(200)
    await send(ClayConfig(webhook_url=HOOK))
    assert "x-clay-webhook-auth" not in route.calls[0].request.headers


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_taken(status: int) -> None:
    assert judge(status, httpx.Headers(), "") == Answer("taken")


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        (400, "clay_rejected", False),
        (401, "clay_unauthorized", False),
        (402, "clay_rejected", False),
        (403, "clay_unauthorized", False),
        (404, "clay_not_found", False),
        (405, "clay_rejected", False),
        (410, "clay_not_found", False),
        (413, "payload_too_large", False),
        (422, "clay_rejected", False),
        (429, "clay_rate_limited", True),
    ],
)
@respx.mock
async def test_refusals_have_a_code_and_are_retried_where_that_may_help(status: int, code: str, retry: bool) -> None:
    respx.post(HOOK).respond(status, text="table is\n full", headers={"location": "https://elsewhere.example/"})
    answer = await send()
    assert (answer.outcome, answer.code, answer.retry) == ("refused", code, retry)
    assert str(status) in answer.text
    assert "table is full" in answer.text
    assert (answer.retry_after_s is not None) == retry
    assert answer.status == status


@pytest.mark.parametrize(
    ("status", "repeatable"),
    [(status, True) for status in (408, 425, 500, 501, 502, 503, 521, 522, 523, 599)]
    + [(status, False) for status in (504, 520, 524, 300, 301, 302, 303, 307, 308)],
)
@respx.mock
async def test_whatever_else_is_answered_leaves_it_open(status: int, repeatable: bool) -> None:
    """A receiver was seen to take the row and answer each of these; only `resend_on_5xx` ever repeats some."""
    respx.post(HOOK).respond(
        status, text="oops", headers={"location": "https://elsewhere.example/", "retry-after": "7"}
    )
    answer = await send()
    assert (answer.outcome, answer.retry, answer.snooze) == ("unknown", repeatable, False)
    assert (answer.status, answer.retry_after_s) == (status, 7 if repeatable else None)
    assert str(status) in answer.text


@respx.mock
async def test_an_error_that_nobody_foresaw_leaves_it_open() -> None:
    respx.post(HOOK).mock(side_effect=ValueError("?"))
    assert (await send()).outcome == "unknown"


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.RemoteProtocolError,
        httpx.CloseError,
    ],
)
@respx.mock
async def test_silence_after_the_body_is_under_way_leaves_it_open(error: type[httpx.HTTPError]) -> None:
    respx.post(HOOK).mock(side_effect=error("x"))
    assert (await send()).outcome == "unknown"


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
@respx.mock
async def test_no_connection_means_that_nothing_went_out(error: type[httpx.HTTPError]) -> None:
    respx.post(HOOK).mock(side_effect=error("secret https://api.clay.com/pull-in-data-0f9e1d"))
    answer = await send()
    assert (answer.outcome, answer.code, answer.retry) == ("refused", "clay_unavailable", True)
    assert answer.snooze, "no attempt is used up"
    assert "nothing was sent" in answer.text
    assert "pull-in-data" not in answer.text


@respx.mock
async def test_redirects_are_not_followed() -> None:
    respx.post(HOOK).respond(307, headers={"location": "https://elsewhere.example/steal"})
    elsewhere = respx.post("https://elsewhere.example/steal").respond(200)
    await send()
    assert not elsewhere.called


@respx.mock
async def test_clays_words_are_kept_short_and_free_of_secrets() -> None:
    respx.post(HOOK).respond(422, text=f"no {HOOK} and tok-secret-1 or pull-in-data-0f9e1d\0 " + "x" * 5000)
    text = (await send()).text
    assert len(text) < 500
    for secret in (HOOK, "tok-secret-1", "pull-in-data", "\0"):
        assert secret not in text


@respx.mock
async def test_the_webhooks_url_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    respx.post(HOOK).respond(200)
    with caplog.at_level(logging.DEBUG):
        await send()
    assert "api.clay.com" in caplog.text, "httpx logs the request"
    assert "pull-in-data" not in caplog.text
    assert "tok-secret" not in caplog.text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("0", 0), ("2.5", 2.5), ("-3", 0), ("999999", 3600), ("", None), ("soon", None), ("nan", None)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert retry_after_s(httpx.Headers({"retry-after": value})) == seconds


def test_retry_after_as_a_date() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (retry_after_s(httpx.Headers({"retry-after": then})) or 0) <= 90


async def test_a_refused_connection_is_told_from_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real sockets: a closed port refuses; a port that takes the body and hangs up leaves it open."""
    monkeypatch.setattr(public_transport, "loopback_allowed", lambda: True)
    monkeypatch.setattr("app.clay.config.loopback_allowed", lambda: True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    refused = await send(ClayConfig(webhook_url=f"http://127.0.0.1:{closed}/hook"))
    assert (refused.outcome, refused.code) == ("refused", "clay_unavailable")
    assert "refused" in refused.text

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await send(ClayConfig(webhook_url=f"http://127.0.0.1:{port}/hook"))).outcome == "unknown"


async def test_a_yes_counts_even_when_its_body_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_transport, "loopback_allowed", lambda: True)
    monkeypatch.setattr("app.clay.config.loopback_allowed", lambda: True)

    async def yes_but(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(yes_but, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await send(ClayConfig(webhook_url=f"http://127.0.0.1:{port}/hook"))).outcome == "taken"


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "168.63.129.16", "fec0::1", "::127.0.0.1"),
        *("64:ff9b:1::1", "2002:a00:1::", "2001::1", "100.64.0.1"),
    ],
)
async def test_a_public_name_that_leads_into_a_private_network_is_not_followed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*_args: object, **_kwargs: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443)), (0, 0, 0, "", (address, 443))]

    monkeypatch.setattr(public_transport, "loopback_allowed", lambda: False)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    answer = await send()
    assert (answer.outcome, answer.code, answer.retry) == ("refused", "clay_rejected", False)
    assert "private network" in answer.text


async def test_a_name_that_does_not_resolve_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_args: object, **_kwargs: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    answer = await send()
    assert (answer.code, answer.retry) == ("clay_unavailable", True)
    assert "resolved" in answer.text
