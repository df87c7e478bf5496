"""Who may come in, and what a stranger's page can make a signed-in browser do: nothing."""

from __future__ import annotations

from datetime import datetime, tzinfo

import asyncpg
import httpx
import jwt
import pytest
from fastapi import FastAPI

from app.settings import settings
from tests.conftest import TestStack
from tests.web.kit import EMAIL, PASSWORD, Scene, csrf, make_user, sign_in
from web.drawing.pages import local_path
from web.session.auth import Authenticator
from web.session.cookies import ACCESS, REFRESH


async def test_without_a_session_every_page_leads_to_the_sign_in(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/batches?state=running")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fbatches%3Fstate%3Drunning")
    shown = {"HX-Request": "true", "HX-Current-URL": "http://leadloom.example/batches?state=paused"}
    fragment = await guest.get("/batches", headers=shown)
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (401, "/sign-in?next=%2Fbatches%3Fstate%3Dpaused")
    assert (await guest.post("/clients", data={"name": "x"})).status_code == 303


async def test_a_sign_in_leads_back_and_a_sign_out_ends_it(stack: TestStack, guest: httpx.AsyncClient) -> None:
    await make_user(stack)
    answer = await sign_in(guest, target="/health")
    assert (answer.status_code, answer.headers["location"]) == (303, "/health")
    page = await guest.get("/health")
    kept = dict(guest.cookies)
    left = await guest.post("/sign-out", data={"csrf_token": csrf(page)})
    assert left.headers["location"] == "/sign-in"
    guest.cookies.clear()
    # The tokens that the browser had are worth nothing any more, neither the access nor the refresh token.
    for name in (ACCESS, REFRESH):
        guest.cookies.set(name, kept[name])
    assert (await guest.get("/health")).status_code == 303


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(stack: TestStack, app: FastAPI) -> None:
    await make_user(stack)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://leadloom.example") as http:
        cookies = (await sign_in(http)).headers.get_list("set-cookie")
    sessions = [cookie for cookie in cookies if cookie.startswith((f"{ACCESS}=e", f"{REFRESH}="))]
    assert len(sessions) == 2
    assert all("HttpOnly" in c and "SameSite=Lax" in c and "Secure" in c for c in sessions)


@pytest.mark.parametrize("case", ["wrong password", "no such user", "no role", "another role"])
async def test_a_refusal_does_not_say_which_part_was_wrong(
    stack: TestStack, guest: httpx.AsyncClient, case: str
) -> None:
    role = {"no role": None, "another role": "viewer"}.get(case, "admin")
    if case != "no such user":
        await make_user(stack, role=role)
    answer = await sign_in(guest, password="wrong" if case == "wrong password" else PASSWORD)
    assert answer.status_code == 401
    assert "Wrong e-mail or password, or this account has no admin access." in answer.text
    assert ACCESS not in guest.cookies


async def test_repeated_failures_slow_down_and_a_success_costs_nothing(
    stack: TestStack, guest: httpx.AsyncClient, pg: asyncpg.Connection
) -> None:
    await make_user(stack)
    for _ in range(5):
        assert (await sign_in(guest, password="wrong")).status_code == 401
    slowed = await sign_in(guest)
    assert slowed.status_code == 429
    assert "Too many attempts" in slowed.text
    assert 1 <= int(slowed.headers["retry-after"]) <= 30
    await pg.execute("update sign_in_brakes set full_at = full_at - interval '30 seconds'")
    before = await pg.fetch("select * from sign_in_brakes order by key")
    assert (await sign_in(guest)).status_code == 303
    assert await pg.fetch("select * from sign_in_brakes order by key") == before


async def test_an_expired_access_token_is_renewed_unnoticed(
    operator: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = operator.cookies[ACCESS]
    claims = jwt.decode(old, options={"verify_signature": False})
    real = jwt.api_jwt.datetime

    class Later(real):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return real.fromtimestamp(claims["exp"] + 60, tz)

    with monkeypatch.context() as patch:
        patch.setattr(jwt.api_jwt, "datetime", Later)
        auth = app.state.services.auth
        assert await auth.check(old) is None
    renewed = operator.cookies[REFRESH]
    operator.cookies.delete(ACCESS)
    page = await operator.get("/clients")
    assert page.status_code == 200
    assert operator.cookies[REFRESH] != renewed
    assert operator.cookies[ACCESS] != old


async def test_a_sign_out_with_an_expired_token_ends_the_session_at_the_auth_server(
    operator: httpx.AsyncClient, app: FastAPI
) -> None:
    page = await operator.get("/clients")
    operator.cookies.delete(ACCESS)  # as a browser has it that was left alone for a day
    left = await operator.post("/sign-out", data={"csrf_token": csrf(page)})
    assert left.headers["location"] == "/sign-in"
    first = app.state.services.auth
    await first.renew("not known")  # forgets nothing of what it gave
    renewed = next(task.result() for _, task in first._renewals.values() if task.result() is not None)
    elsewhere = Authenticator(settings(), app.state.services.http)  # another container remembers nothing
    assert await elsewhere.check(renewed.access_token) is None
    assert await elsewhere.renew(renewed.refresh_token) is None


async def test_tokens_of_somebody_else_are_worth_nothing(operator: httpx.AsyncClient) -> None:
    claims = jwt.decode(operator.cookies[ACCESS], options={"verify_signature": False})
    forged = [
        jwt.encode(claims, "a secret of my own that is long enough", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        operator.cookies[ACCESS][:-4] + "AAAA",
        jwt.encode(claims | {"iss": "https://evil.example"}, "x" * 40, algorithm="HS256"),
    ]
    for token in forged:
        operator.cookies.clear()
        operator.cookies.set(ACCESS, token)
        assert (await operator.get("/clients")).status_code == 303


async def test_a_good_signature_over_another_issuer_is_worth_nothing(
    operator: httpx.AsyncClient, stack: TestStack
) -> None:
    """A key that signs for two projects opens only this one."""
    claims = jwt.decode(operator.cookies[ACCESS], options={"verify_signature": False})
    for issuer, status in ((claims["iss"], 200), ("https://other.example/auth/v1", 303)):
        operator.cookies.clear()
        operator.cookies.set(ACCESS, stack.keys.sign(claims | {"iss": issuer}))
        assert (await operator.get("/clients")).status_code == status


async def test_a_user_who_lost_the_role_is_out_within_a_minute(
    operator: httpx.AsyncClient, app: FastAPI, pg: asyncpg.Connection
) -> None:
    assert (await operator.get("/clients")).status_code == 200
    await pg.execute("update auth.users set raw_app_meta_data = '{}'")
    auth = app.state.services.auth
    auth._alive = {session: (seen - 61, lives) for session, (seen, lives) in auth._alive.items()}
    assert (await operator.get("/clients")).status_code == 303


async def test_a_change_without_the_token_is_refused(operator: httpx.AsyncClient, scene: Scene) -> None:
    paths = {
        "/clients": {"name": "Mallory"},
        f"/clients/{scene.client}/rename": {"name": "Mallory"},
        f"/batches/{scene.batch}/cancel": {},
        f"/batches/{scene.batch}/retry": {},
        f"/pipelines/{scene.pipeline}": {"do": "save"},
        f"/clients/{scene.client}/workflows/enrich_company_clay": {"webhook_url": "https://evil.example"},
        f"/clients/{scene.client}/uploads": {},
        "/sign-out": {},
    }
    for path, fields in paths.items():
        for token in ({}, {"csrf_token": "0" * 64}):
            answer = await operator.post(path, data=fields | token)
            assert answer.status_code == 403, path
    assert (await operator.get(f"/batches/{scene.batch}")).text.count("Pause") >= 1


async def test_another_sites_page_cannot_post_even_with_the_token(operator: httpx.AsyncClient) -> None:
    token = csrf(await operator.get("/clients"))
    answer = await operator.post(
        "/clients", data={"name": "M", "csrf_token": token}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403


async def test_htmx_may_send_the_token_as_a_header(operator: httpx.AsyncClient) -> None:
    token = csrf(await operator.get("/clients"))
    answer = await operator.post("/clients", data={"name": "Header"}, headers={"x-csrf-token": token})
    assert answer.status_code == 303


async def test_every_answer_carries_the_policy(operator: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    for path in ("/clients", "/nope", "/static/app.css", "/sign-in"):
        answer = await guest.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe-inline" not in policy, path
        assert "unsafe-eval" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_error_that_nobody_foresaw_is_guarded_like_any_answer(guest: httpx.AsyncClient, app: FastAPI) -> None:
    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("a detail that is nobody's business")

    app.router.routes.insert(0, app.router.routes.pop())
    answer = await guest.get("/boom")
    assert (answer.status_code, "nobody's business" in answer.text) == (500, False)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_after_an_error_of_ours_only_what_is_known_is_said(operator: httpx.AsyncClient, app: FastAPI) -> None:
    """The change may have been committed before whatever failed."""

    @app.post("/boom")
    async def boom() -> None:
        raise RuntimeError

    app.router.routes.insert(0, app.router.routes.pop())
    answer = await operator.post("/boom")
    assert answer.status_code == 500
    assert "Nothing was changed" not in answer.text
    assert "Your change may or may not have been saved." in answer.text


async def test_a_page_that_htmx_names_wrongly_is_no_trouble(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/batches", headers={"HX-Request": "true", "HX-Current-URL": "http://[x"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "", "\\\\evil", "/ok\\x"],
)
def test_a_sign_in_never_leads_to_another_site(target: str) -> None:
    assert local_path(target) == "/"


def test_a_sign_in_leads_back_to_our_own_pages() -> None:
    assert local_path("/batches?state=running") == "/batches?state=running"


async def test_the_session_of_a_wrong_password_form_is_not_reused(stack: TestStack, guest: httpx.AsyncClient) -> None:
    await make_user(stack)
    form = await guest.get("/sign-in")
    token = csrf(form)
    guest.cookies.clear()
    answer = await guest.post("/sign-in", data={"email": EMAIL, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 403
