"""Supabase's own auth client signs in against the embedded stack, unmodified."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import httpx
import jwt
import pytest
from supabase import AsyncClient, AsyncClientOptions, AuthApiError, create_async_client
from supabase_auth.errors import AuthWeakPasswordError

if TYPE_CHECKING:
    from tests.conftest import TestStack

EMAIL, PASSWORD = "ada@example.com", "correct horse"


async def _client(stack: TestStack, key: str) -> AsyncIterator[AsyncClient]:
    async with httpx.AsyncClient() as http:
        options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
        yield await create_async_client(stack.url, key, options)


@pytest.fixture
async def admin(stack: TestStack) -> AsyncIterator[AsyncClient]:
    """supabase-py with the secret key."""
    async for client in _client(stack, stack.secret_key):
        yield client


@pytest.fixture
async def visitor(stack: TestStack) -> AsyncIterator[AsyncClient]:
    """supabase-py with the publishable key, nobody signed in."""
    async for client in _client(stack, stack.publishable_key):
        yield client


async def _add(admin: AsyncClient, **more: object) -> str:
    attributes = {"email": EMAIL, "password": PASSWORD, "email_confirm": True, **more}
    return (await admin.auth.admin.create_user(attributes)).user.id  # type: ignore[arg-type]


async def test_a_user_made_by_the_secret_key_signs_in(
    admin: AsyncClient, visitor: AsyncClient, stack: TestStack
) -> None:
    user_id = await _add(admin, app_metadata={"role": "admin"}, user_metadata={"name": "Ada"})
    signed_in = await visitor.auth.sign_in_with_password({"email": EMAIL.upper(), "password": PASSWORD})
    assert signed_in.user is not None
    assert signed_in.session is not None
    assert (signed_in.user.id, signed_in.user.user_metadata) == (user_id, {"name": "Ada"})
    assert signed_in.session.expires_in == 3600
    claims = jwt.decode(
        signed_in.session.access_token,
        jwt.PyJWKSet.from_dict(stack.keys.jwks).keys[0].key,
        algorithms=["ES256"],
        audience="authenticated",
        issuer=f"{stack.url}/auth/v1",
    )
    assert (claims["sub"], claims["role"], claims["email"]) == (user_id, "authenticated", EMAIL)
    assert claims["app_metadata"] == {"provider": "email", "providers": ["email"], "role": "admin"}
    assert (await visitor.auth.get_user()).user.email == EMAIL


async def test_claims_are_verified_with_the_public_keys(admin: AsyncClient, visitor: AsyncClient) -> None:
    user_id = await _add(admin)
    await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})
    answer = await visitor.auth.get_claims()
    assert answer is not None
    assert (answer["claims"]["sub"], answer["headers"]["alg"]) == (user_id, "ES256")


async def test_the_public_keys_need_no_api_key(stack: TestStack) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{stack.url}/auth/v1/.well-known/jwks.json")
        assert answer.json() == stack.keys.jwks
        assert (await http.post(f"{stack.url}/auth/v1/signup", json={})).status_code == 401


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD)])
async def test_wrong_credentials_say_no_more_than_that(
    admin: AsyncClient, visitor: AsyncClient, email: str, password: str
) -> None:
    await _add(admin)
    with pytest.raises(AuthApiError) as caught:
        await visitor.auth.sign_in_with_password({"email": email, "password": password})
    error = caught.value
    assert (error.status, error.code, error.message) == (400, "invalid_credentials", "Invalid login credentials")


async def test_who_is_not_confirmed_or_is_banned_cannot_sign_in(admin: AsyncClient, visitor: AsyncClient) -> None:
    user_id = await _add(admin, email_confirm=False)
    with pytest.raises(AuthApiError, match="Email not confirmed"):
        await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})
    await admin.auth.admin.update_user_by_id(user_id, {"email_confirm": True, "ban_duration": "24h"})
    with pytest.raises(AuthApiError, match="banned"):
        await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})
    await admin.auth.admin.update_user_by_id(user_id, {"ban_duration": "none"})
    assert (await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})).session


async def test_sign_ups_are_open_and_bring_no_role(visitor: AsyncClient) -> None:
    answer = await visitor.auth.sign_up(
        {"email": "eve@example.com", "password": "let me in", "options": {"data": {"role": "admin"}}}
    )
    assert answer.session is not None
    assert answer.user is not None
    assert "role" not in answer.user.app_metadata
    assert answer.user.user_metadata == {"role": "admin"}
    with pytest.raises(AuthApiError) as caught:
        await visitor.auth.sign_up({"email": "eve@example.com", "password": "again again"})
    assert caught.value.code == "user_already_exists"


async def test_a_short_password_is_refused(visitor: AsyncClient) -> None:
    with pytest.raises(AuthWeakPasswordError) as caught:
        await visitor.auth.sign_up({"email": "eve@example.com", "password": "12345"})
    assert caught.value.reasons == ["length"]


async def test_refresh_tokens_rotate(admin: AsyncClient, visitor: AsyncClient) -> None:
    await _add(admin)
    first = (await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})).session
    assert first is not None
    second = (await visitor.auth.refresh_session(first.refresh_token)).session
    assert second is not None
    assert second.refresh_token != first.refresh_token
    # The client never stored the answer and asks again: the same successor, no second branch.
    again = (await visitor.auth.refresh_session(first.refresh_token)).session
    assert again is not None
    assert again.refresh_token == second.refresh_token
    with pytest.raises(AuthApiError) as caught:
        await visitor.auth.refresh_session("made-up")
    assert caught.value.code == "refresh_token_not_found"


async def test_a_stolen_refresh_token_ends_the_session(
    admin: AsyncClient, visitor: AsyncClient, pg: asyncpg.Connection
) -> None:
    await _add(admin)
    first = (await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})).session
    assert first is not None
    second = (await visitor.auth.refresh_session(first.refresh_token)).session
    assert second is not None
    third = (await visitor.auth.refresh_session(second.refresh_token)).session
    assert third is not None
    await pg.execute("update auth.refresh_tokens set revoked_at = revoked_at - interval '1 minute'")
    with pytest.raises(AuthApiError) as caught:
        await visitor.auth.refresh_session(first.refresh_token)
    assert caught.value.code == "refresh_token_already_used"
    with pytest.raises(AuthApiError) as caught:
        await visitor.auth.refresh_session(third.refresh_token)
    assert caught.value.code == "refresh_token_not_found"


async def test_signing_out_ends_the_session(admin: AsyncClient, visitor: AsyncClient) -> None:
    await _add(admin)
    session = (await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})).session
    assert session is not None
    await visitor.auth.sign_out()
    with pytest.raises(AuthApiError) as caught:
        await visitor.auth.get_user(session.access_token)
    assert caught.value.code == "session_not_found"
    with pytest.raises(AuthApiError):
        await visitor.auth.refresh_session(session.refresh_token)


async def test_signing_out_elsewhere_keeps_this_session(admin: AsyncClient, visitor: AsyncClient) -> None:
    await _add(admin)
    sessions = [
        (await visitor.auth.sign_in_with_password({"email": EMAIL, "password": PASSWORD})).session for _ in range(2)
    ]
    await visitor.auth.sign_out({"scope": "others"})
    assert sessions[0] is not None
    assert sessions[1] is not None
    with pytest.raises(AuthApiError):
        await visitor.auth.get_user(sessions[0].access_token)
    assert (await visitor.auth.get_user(sessions[1].access_token)).user


async def test_tokens_that_are_not_good_are_refused(visitor: AsyncClient, stack: TestStack) -> None:
    for token in ("garbage", stack.keys.sign({"sub": "x", "exp": 1}), type(stack.keys).new().sign({"sub": "x"})):
        with pytest.raises(AuthApiError) as caught:
            await visitor.auth.get_user(token)
        assert (caught.value.status, caught.value.code) == (403, "bad_jwt")


async def test_users_are_administered_with_the_secret_key_only(
    admin: AsyncClient, visitor: AsyncClient, stack: TestStack
) -> None:
    user_id = await _add(admin)
    with pytest.raises(AuthApiError) as caught:
        await _add(admin)
    assert (caught.value.status, caught.value.code) == (422, "email_exists")
    await admin.auth.admin.update_user_by_id(
        user_id, {"app_metadata": {"role": "admin"}, "email": "countess@example.com", "password": "a new password"}
    )
    shown = (await admin.auth.admin.get_user_by_id(user_id)).user
    assert (shown.email, shown.app_metadata["role"]) == ("countess@example.com", "admin")
    assert [user.id for user in await admin.auth.admin.list_users()] == [user_id]
    session = (
        await visitor.auth.sign_in_with_password({"email": "countess@example.com", "password": "a new password"})
    ).session
    assert session is not None
    for authorization in (f"Bearer {session.access_token}", f"Bearer {stack.publishable_key}", ""):
        headers = {"apikey": stack.publishable_key, "authorization": authorization}
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{stack.url}/auth/v1/admin/users", headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (403, "not_admin")
    await admin.auth.admin.delete_user(user_id)
    with pytest.raises(AuthApiError) as caught:
        await admin.auth.admin.get_user_by_id(user_id)
    assert (caught.value.status, caught.value.code) == (404, "user_not_found")


async def test_passwords_are_not_kept(admin: AsyncClient, pg: asyncpg.Connection) -> None:
    await _add(admin)
    stored = await pg.fetchval("select encrypted_password from auth.users")
    assert stored.startswith("scrypt$")
    assert PASSWORD not in stored
