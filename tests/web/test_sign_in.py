"""Guessing is braked before a password is checked, whoever guesses from wherever; outages end nobody's session."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import asyncpg
import httpx
import jwt
import orjson
import pytest
from fastapi import FastAPI

from app.settings import settings
from tests.conftest import TestStack
from tests.web.kit import EMAIL, csrf, make_user, sign_in
from web.main import create_app
from web.session.auth import Authenticator
from web.session.cookies import ACCESS, DEVICE, REFRESH

STRANGER, ELSEWHERE = ("203.0.113.7", 40_000), ("198.51.100.9", 40_000)


def browser(app: FastAPI, peer: tuple[str, int] = STRANGER, **headers: str) -> httpx.AsyncClient:
    """A browser that connects from this address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=peer)
    return httpx.AsyncClient(transport=transport, base_url="https://leadloom.example", headers=headers)


async def guess(app: FastAPI, email: str = EMAIL, peer: tuple[str, int] = STRANGER, **headers: str) -> int:
    """One wrong password out of a fresh browser; the answer's status."""
    async with browser(app, peer, **headers) as http:
        return (await sign_in(http, email, "wrong")).status_code


class Outage(httpx.AsyncBaseTransport):
    """The way to the auth server; while `status` is set, something on the way answers so to some paths."""

    def __init__(self) -> None:
        self.real = httpx.AsyncHTTPTransport()
        self.status: int | None = None
        self.body: bytes = b"<html>try later</html>"
        self.paths: tuple[str, ...] = ("/token", "/user", "/jwks.json")
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.rpartition("/auth/v1")[2])
        if self.status is not None and request.url.path.endswith(self.paths):
            return httpx.Response(self.status, content=self.body)
        return await self.real.handle_async_request(request)


@pytest.fixture
async def outage(app: FastAPI) -> Any:
    """An application whose auth server can fail."""
    transport = Outage()
    async with httpx.AsyncClient(transport=transport) as http:
        app.state.services._auth = Authenticator(settings(), http)
        yield transport


async def test_many_guesses_at_once_get_no_further_than_one_by_one(
    stack: TestStack, app: FastAPI, outage: Outage
) -> None:
    await make_user(stack)
    statuses = await asyncio.gather(*(guess(app) for _ in range(40)))
    assert statuses.count(401) == 5
    assert statuses.count(429) == 35
    assert outage.asked.count("/token") == 5


async def test_the_header_that_anybody_can_write_changes_nothing(stack: TestStack, app: FastAPI) -> None:
    await make_user(stack)
    statuses = [await guess(app, f"somebody{n}@example.test", **{"x-forwarded-for": f"192.0.2.{n}"}) for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2


async def test_a_trusted_proxy_tells_networks_apart(
    stack: TestStack, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLOOM_TRUSTED_PROXIES", "1")
    await make_user(stack)
    for n in range(12):  # what the guesser writes stands before what our proxy adds
        header = {"x-forwarded-for": f"192.0.2.{n}, 203.0.113.50"}
        last = await guess(app, f"somebody{n}@example.test", ("10.0.0.2", 1), **header)
    assert last == 429
    assert await guess(app, "x@example.test", ("10.0.0.2", 1), **{"x-forwarded-for": "203.0.113.51"}) == 401


async def test_one_ipv6_customer_is_one_network(stack: TestStack, app: FastAPI) -> None:
    await make_user(stack)
    statuses = [await guess(app, peer=(f"2001:db8:1:2::{n:x}", 1)) for n in range(1, 8)]
    assert statuses == [401] * 5 + [429] * 2


async def test_guesses_from_many_networks_over_many_accounts_meet_one_brake(stack: TestStack, app: FastAPI) -> None:
    statuses = [await guess(app, f"a{n}@example.test", (f"192.0.2.{n}", 1)) for n in range(24)]
    assert statuses[:20] == [401] * 20
    assert set(statuses[20:]) == {429}


async def test_a_stranger_never_locks_out_a_device_that_signed_in_before(
    stack: TestStack, app: FastAPI, pg: asyncpg.Connection
) -> None:
    await make_user(stack)
    async with browser(app, STRANGER) as mine:  # even in the network of the stranger
        assert (await sign_in(mine)).status_code == 303
        for n in range(24):
            await guess(app, EMAIL if n % 2 else f"a{n}@example.test", (f"192.0.2.{n}", 1))
            await guess(app)
        assert await guess(app) == 429
        mine.cookies.delete(ACCESS)
        mine.cookies.delete(REFRESH)
        assert (await sign_in(mine, password="mistyped")).status_code == 401
        assert (await sign_in(mine)).status_code == 303
    assert await pg.fetchval("select count(*) from audit_log where action = 'sign_in'") == 2


async def test_on_a_new_device_the_wait_is_bounded_however_long_the_guessing_went_on(
    stack: TestStack, app: FastAPI, pg: asyncpg.Connection
) -> None:
    await make_user(stack)
    for _ in range(60):
        await guess(app)
    async with browser(app, ELSEWHERE) as mine:  # one stranger's guesses do not even delay another network
        assert (await sign_in(mine)).status_code == 303
    for n in range(30):
        await guess(app, peer=(f"192.0.2.{n}", 1))
    async with browser(app, ("198.51.100.77", 1)) as mine:
        answer = await sign_in(mine)
        assert answer.status_code == 429
        wait = int(answer.headers["retry-after"])
        assert wait <= 30
        await pg.execute("update sign_in_brakes set full_at = full_at - make_interval(secs => $1)", wait)
        assert (await sign_in(mine)).status_code == 303


async def test_a_device_has_its_allowance_for_the_accounts_that_signed_in_there_only(
    stack: TestStack, app: FastAPI
) -> None:
    await make_user(stack)
    await make_user(stack, "other@example.test")
    async with browser(app) as mine:
        assert (await sign_in(mine)).status_code == 303
        statuses = []
        for _ in range(7):
            mine.cookies.delete(ACCESS)
            mine.cookies.delete(REFRESH)
            statuses.append((await sign_in(mine, "other@example.test", "wrong")).status_code)
        assert statuses == [401] * 5 + [429] * 2
        forged = mine.cookies[DEVICE]
        mine.cookies.set(DEVICE, forged[:-1] + ("0" if forged[-1] != "0" else "1"))
        assert (await sign_in(mine, "other@example.test", "wrong")).status_code == 429


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"<html>upstream</html>"),
        (429, b'{"code": 429, "error_code": "over_request_rate_limit", "msg": "Request rate limit reached"}'),
        (401, b'{"message": "Invalid API key"}'),
        (500, b'{"code": 500, "error_code": "unexpected_failure", "msg": "x"}'),
        (400, b'{"code": 400, "error_code": "captcha_failed", "msg": "x"}'),
        (422, b'{"code": 422, "error_code": "email_provider_disabled", "msg": "Email logins are disabled"}'),
        (302, b""),
        (200, b"<html>a captive portal</html>"),
        (200, b"[]"),
    ],
)
async def test_an_outage_of_the_auth_server_is_no_wrong_password(
    stack: TestStack, guest: httpx.AsyncClient, outage: Outage, status: int, body: bytes
) -> None:
    await make_user(stack)
    outage.status, outage.body = status, body
    for _ in range(12):  # nothing is counted
        answer = await sign_in(guest)
        assert answer.status_code == 503
        assert "Sign-in is unavailable. Try again in a few seconds." in answer.text
    outage.status = None
    assert (await sign_in(guest)).status_code == 303


@pytest.mark.parametrize("status", [503, 429, 500])
async def test_an_outage_ends_nobodys_session(
    operator: httpx.AsyncClient, app: FastAPI, outage: Outage, status: int
) -> None:
    outage.status = status
    cookies = dict(operator.cookies)
    answer = await operator.get("/clients")  # a fresh process: it has neither keys nor memory
    assert (answer.status_code, "Sign-in is unavailable." in answer.text) == (503, True)
    assert "retry-after" in answer.headers
    outage.status = None
    assert (await operator.get("/clients")).status_code == 200
    auth = app.state.services.auth
    auth._alive = {session: (seen - 61, lives) for session, (seen, lives) in auth._alive.items()}
    outage.status = status
    asked = len(outage.asked)
    for _ in range(3):
        assert (await operator.get("/clients")).status_code == 200
    assert len(outage.asked) == asked + 1  # and it is not asked at every click
    operator.cookies.delete(ACCESS)
    assert (await operator.get("/clients")).status_code == 503
    outage.status = None
    assert (await operator.get("/clients")).status_code == 200
    assert operator.cookies[REFRESH] != cookies[REFRESH]


@pytest.mark.parametrize("code", ["session_not_found", "user_not_found", "bad_jwt", "session_expired"])
async def test_what_the_auth_server_refuses_itself_ends_the_session(
    operator: httpx.AsyncClient, outage: Outage, code: str
) -> None:
    outage.status, outage.paths = 403, ("/user", "/token")
    outage.body = orjson.dumps({"code": 403, "error_code": code, "msg": "x"})
    assert (await operator.get("/clients")).status_code == 303
    assert ACCESS not in operator.cookies


def by_shared_secret(token: str) -> str:
    """The same claims as a project signs them that has a shared secret."""
    return jwt.encode(jwt.decode(token, options={"verify_signature": False}), "s" * 40, algorithm="HS256")


async def test_a_project_with_a_shared_secret_is_asked_once_a_minute(
    operator: httpx.AsyncClient, app: FastAPI, outage: Outage, pg: asyncpg.Connection
) -> None:
    """The server stands for one that accepts the signature: it answers with the user to whoever asks."""
    token = by_shared_secret(operator.cookies[ACCESS])
    claims = jwt.decode(token, options={"verify_signature": False})
    outage.status, outage.paths = 200, ("/user",)
    outage.body = orjson.dumps({"id": claims["sub"], "app_metadata": {"role": "admin"}})
    operator.cookies.clear()
    operator.cookies.set(ACCESS, token)
    for _ in range(5):
        assert (await operator.get("/clients")).status_code == 200
    assert outage.asked == ["/user"]
    auth = app.state.services.auth
    auth._alive = {session: (seen - 61, lives) for session, (seen, lives) in auth._alive.items()}
    outage.body = orjson.dumps({"id": claims["sub"], "app_metadata": {}})  # the role is lost
    assert (await operator.get("/clients")).status_code == 303
    assert outage.asked == ["/user", "/user"]


async def test_a_shared_secrets_session_ends_with_its_sign_out(operator: httpx.AsyncClient, outage: Outage) -> None:
    token = by_shared_secret(operator.cookies[ACCESS])
    claims = jwt.decode(token, options={"verify_signature": False})
    outage.status, outage.paths = 200, ("/user",)
    outage.body = orjson.dumps({"id": claims["sub"], "app_metadata": {"role": "admin"}})
    operator.cookies.clear()
    operator.cookies.set(ACCESS, token)
    page = await operator.get("/clients")
    await operator.post("/sign-out", data={"csrf_token": csrf(page)})
    operator.cookies.set(ACCESS, token)
    assert (await operator.get("/clients")).status_code == 303


ODD: list[Any] = ["1893456000", "abc", None, [], [1], {}, True, -1, 1e400, 10**400, "", {"a": 1}]


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
async def test_a_token_with_odd_claims_is_no_token(
    operator: httpx.AsyncClient, stack: TestStack, algorithm: str
) -> None:
    good = jwt.decode(operator.cookies[ACCESS], options={"verify_signature": False})
    names = ("exp", "iat", "nbf", "sub", "aud", "iss", "email", "session_id", "app_metadata", "jti", "role")
    for name in names:
        for value in ODD:
            claims = good | {name: value}
            token = signed(stack, claims) if algorithm == "ES256" else unsigned(claims)
            operator.cookies.clear()
            operator.cookies.set(ACCESS, token)
            answer = await operator.get("/clients")
            assert answer.status_code in (200, 303), (name, value, answer.status_code)


def signed(stack: TestStack, claims: Any) -> str:
    """A token that the project itself signed, of whatever claims."""
    body, keys = json.dumps(claims).encode(), stack.keys
    return jwt.PyJWS().encode(body, keys.signing_private_key, "ES256", headers={"kid": keys.signing_key_id})


def unsigned(claims: Any, header: Any = None) -> str:
    """A token that nobody signed, of anything."""
    parts = [header or {"alg": "HS256", "typ": "JWT"}, claims]
    body = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*body, "AAAA"])


@pytest.mark.parametrize(
    "token",
    [
        unsigned([]),
        unsigned("x"),
        unsigned({}, {"alg": ["HS256"]}),
        unsigned({}, {"alg": "HS256", "kid": 5}),
        unsigned({}, {"alg": "ES256", "kid": {"a": 1}}),
        unsigned({}, [1]),
        ".".join(["e30"] * 3),
        "...",
        "\xe9.\xe9.\xe9",
        f"eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(b'[' * 30_000).decode()}.",
    ],
)
async def test_a_hand_made_token_is_no_token(operator: httpx.AsyncClient, token: str) -> None:
    cookie = f"{ACCESS}={token}".encode("latin-1")
    operator.cookies.clear()
    assert (await operator.get("/clients", headers=[(b"cookie", cookie)])).status_code == 303  # type: ignore[arg-type]


async def test_cookies_are_secure_when_the_public_address_is_https(stack: TestStack) -> None:
    """A proxy may end TLS and hand plain HTTP on without a word."""
    await make_user(stack)
    app = create_app(public_url="https://leadloom.example")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.9") as http:
        form = await http.get("/sign-in")
        assert all("Secure" in cookie for cookie in form.headers.get_list("set-cookie"))
        assert form.headers["strict-transport-security"].startswith("max-age=")
    plain = create_app(public_url="http://127.0.0.1:8000")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(plain), base_url="http://127.0.0.1:8000") as http:
        form = await http.get("/sign-in")
        assert not any("Secure" in cookie for cookie in form.headers.get_list("set-cookie"))
        assert "strict-transport-security" not in form.headers
