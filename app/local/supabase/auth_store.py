"""Users, sessions and refresh tokens of the embedded stack, in the tables of schema `auth`.

`auth_api.py` asks here; every method is one transaction.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

import asyncpg

__all__ = ["AuthStore", "RefreshOutcome"]

_REUSE_SECONDS = 10  # Supabase's default "refresh token reuse interval"
_COLUMNS = {
    "email": "email",
    "encrypted_password": "encrypted_password",
    "email_confirmed_at": "email_confirmed_at",
    "banned_until": "banned_until",
    "app_metadata": "raw_app_meta_data",
    "user_metadata": "raw_user_meta_data",
}


@dataclass(frozen=True)
class RefreshOutcome:
    """What became of a refresh token: a new one for its session, or the reason why not."""

    user: asyncpg.Record | None = None
    session_id: str | None = None
    token: str | None = None
    refused: str | None = None  # refresh_token_not_found, refresh_token_already_used


class AuthStore:
    """The tables of schema `auth`.

    Args:
        url: connection string of an account that owns them.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Get ready, in the event loop that will serve; connections are made when first needed."""
        self._pool = await asyncpg.create_pool(
            self._url, min_size=0, max_size=4, max_inactive_connection_lifetime=60, init=_json_as_objects
        )

    async def close(self) -> None:
        """Let go of every connection."""
        if self._pool is not None:
            await self._pool.close()

    async def user_by_email(self, email: str) -> asyncpg.Record | None:
        """A user by e-mail address, whatever its case."""
        return await self._one("select * from auth.users where email = lower($1)", email.strip())

    async def user(self, user_id: str) -> asyncpg.Record | None:
        """A user by id (a uuid's text)."""
        return await self._one("select * from auth.users where id = $1::text::uuid", user_id)

    async def users(self, page: int, per_page: int) -> tuple[list[asyncpg.Record], int]:
        """One page of users, newest first, and how many there are."""
        assert self._pool is not None  # noqa: S101 -- opened before the first request
        rows = await self._pool.fetch(
            "select * from auth.users order by created_at desc, id limit $1 offset $2", per_page, (page - 1) * per_page
        )
        return rows, await self._pool.fetchval("select count(*) from auth.users")

    async def add_user(self, fields: dict[str, Any]) -> asyncpg.Record | None:
        """Make a user; None when the e-mail address is taken."""
        names = [_COLUMNS[name] for name in fields]
        places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
        return await self._one(
            f"insert into auth.users ({', '.join(names)}) values ({places}) on conflict (email) do nothing returning *",
            *fields.values(),
        )

    async def change_user(self, user_id: str, fields: dict[str, Any]) -> asyncpg.Record | None:
        """Change a user; metadata is merged, a key set to null is taken out. None when there is no such user."""
        words = []
        for n, name in enumerate(fields, 2):
            column = _COLUMNS[name]
            merged = column.startswith("raw_")
            words.append(f"{column} = jsonb_strip_nulls({column} || ${n})" if merged else f"{column} = ${n}")
        return await self._one(
            f"update auth.users set {', '.join([*words, 'updated_at = now()'])} where id = $1::text::uuid returning *",
            user_id,
            *fields.values(),
        )

    async def delete_user(self, user_id: str) -> bool:
        """Delete a user with every session; False when there is no such user."""
        return await self._one("delete from auth.users where id = $1::text::uuid returning id", user_id) is not None

    async def begin_session(self, user_id: str, user_agent: str | None) -> tuple[str, str]:
        """Start a session; returns its id and its first refresh token."""
        token = _new_token()
        row = await self._one(
            """
            with session as (
              insert into auth.sessions (user_id, user_agent) values ($1::text::uuid, $2) returning id
            ), signed_in as (
              update auth.users set last_sign_in_at = now() where id = $1::text::uuid
            )
            insert into auth.refresh_tokens (token, session_id) select $3, id from session returning session_id
            """,
            user_id,
            user_agent,
            token,
        )
        assert row is not None  # noqa: S101 -- the insert returns its row
        return str(row["session_id"]), token

    async def session_exists(self, session_id: str) -> bool:
        """Whether the session has not ended."""
        return await self._one("select from auth.sessions where id = $1::text::uuid", session_id) is not None

    async def end_sessions(self, user_id: str, *, only: str | None = None, but: str | None = None) -> None:
        """End a user's sessions: one of them, all but one, or all."""
        await self._one(
            """
            delete from auth.sessions
             where user_id = $1::text::uuid
               and ($2::text is null or id = $2::text::uuid) and ($3::text is null or id <> $3::text::uuid)
            """,
            user_id,
            only,
            but,
        )

    async def refresh(self, token: str) -> RefreshOutcome:
        """Exchange a refresh token for the next one.

        A used token whose successor has not been used yet gets that successor again: the client never stored it. An
        older one means that somebody else has it, and ends the session, unless it comes within a few seconds.
        """
        assert self._pool is not None  # noqa: S101 -- opened before the first request
        async with self._pool.acquire() as connection, connection.transaction():
            session_id = await connection.fetchval("select session_id from auth.refresh_tokens where token = $1", token)
            user = session_id and await connection.fetchrow(
                "select u.* from auth.sessions s join auth.users u on u.id = s.user_id where s.id = $1 for update of s",
                session_id,
            )
            if not user:
                return RefreshOutcome(refused="refresh_token_not_found")
            used = await connection.fetchrow(
                "select revoked_at is not null as used, revoked_at > now() - make_interval(secs => $2) as just_now"
                " from auth.refresh_tokens where token = $1",
                token,
                _REUSE_SECONDS,
            )
            active = await connection.fetchrow(
                "select token, parent from auth.refresh_tokens where session_id = $1 and revoked_at is null", session_id
            )
            if used["used"]:
                if active and (active["parent"] == token or used["just_now"]):
                    return RefreshOutcome(user, str(session_id), active["token"])
                await connection.execute("delete from auth.sessions where id = $1", session_id)
                return RefreshOutcome(refused="refresh_token_already_used")
            successor = _new_token()
            await connection.execute("update auth.refresh_tokens set revoked_at = now() where token = $1", token)
            await connection.execute(
                "insert into auth.refresh_tokens (token, session_id, parent) values ($1, $2, $3)",
                successor,
                session_id,
                token,
            )
            await connection.execute("update auth.sessions set updated_at = now() where id = $1", session_id)
            return RefreshOutcome(user, str(session_id), successor)

    async def _one(self, statement: str, *values: Any) -> asyncpg.Record | None:
        assert self._pool is not None  # noqa: S101 -- opened before the first request
        return await self._pool.fetchrow(statement, *values)


def _new_token() -> str:
    return secrets.token_urlsafe(9)


async def _json_as_objects(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
