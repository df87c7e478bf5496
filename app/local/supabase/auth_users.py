"""What `/auth/v1` reads from a request's body about a user, and how it shows a user.

Checks and texts are Supabase Auth's; `auth_api.py` uses them for sign-ups, sign-ins and the admin endpoints alike.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
from starlette.requests import Request

from app.local.supabase.auth_errors import AuthError
from app.local.supabase.auth_passwords import hash_password

__all__ = [
    "check_active",
    "positive_number",
    "read_body",
    "read_changes",
    "read_email",
    "read_password",
    "shown",
]

_SHORTEST_PASSWORD = 6  # Supabase's default


def check_active(user: asyncpg.Record) -> None:
    """Refuse a user who is banned."""
    if user["banned_until"] is not None and user["banned_until"] > datetime.now(UTC):
        raise AuthError(400, "user_banned", "User is banned")


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; none at all is an empty one."""
    try:
        body = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise AuthError(400, "bad_json", "Could not parse request body as JSON")
    return body


def read_email(body: dict[str, Any]) -> str:
    """The e-mail address of a body, lower case; refused when it cannot be one."""
    email = str(body.get("email") or "").strip().lower()
    if not email:
        raise AuthError(400, "validation_failed", "Cannot create a user without either an email or phone")
    name, _, domain = email.partition("@")
    if not name or "." not in domain or " " in email:
        raise AuthError(400, "validation_failed", "Unable to validate email address: invalid format")
    return email


async def read_password(password: str) -> str:
    """A password's hash; refused when it is too short."""
    if len(password) < _SHORTEST_PASSWORD:
        text = f"Password should be at least {_SHORTEST_PASSWORD} characters."
        raise AuthError(422, "weak_password", text, weak_password={"reasons": ["length"]})
    return await hash_password(password)


async def read_changes(attributes: dict[str, Any]) -> dict[str, Any]:
    """What the admin endpoints' attributes change in the table."""
    changes: dict[str, Any] = {}
    if attributes.get("email"):
        changes["email"] = read_email(attributes)
    if attributes.get("password"):
        changes["encrypted_password"] = await read_password(str(attributes["password"]))
    if attributes.get("email_confirm"):
        changes["email_confirmed_at"] = datetime.now(UTC)
    for name in ("app_metadata", "user_metadata"):
        if isinstance(attributes.get(name), dict):
            changes[name] = attributes[name]
    if "ban_duration" in attributes:
        changes["banned_until"] = _banned_until(str(attributes["ban_duration"]))
    return changes


def _banned_until(duration: str) -> datetime | None:
    """`none`, or a number of hours, minutes or seconds as Go writes durations: `24h`."""
    units = {"h": "hours", "m": "minutes", "s": "seconds"}
    if duration == "none":
        return None
    if not duration[:-1].isdigit() or duration[-1] not in units:
        raise AuthError(400, "validation_failed", "invalid format for ban duration")
    return datetime.now(UTC) + timedelta(**{units[duration[-1]]: int(duration[:-1])})


def positive_number(request: Request, name: str, default: int) -> int:
    """A number of the query, for paging."""
    value = request.query_params.get(name) or str(default)
    if not value.isdigit() or int(value) < 1:
        raise AuthError(400, "validation_failed", f"Bad Pagination Parameters: {name}")
    return int(value)


def shown(user: asyncpg.Record) -> dict[str, Any]:
    """A user as the API shows it; never the password's hash."""

    def moment(name: str) -> str | None:
        return user[name].isoformat().replace("+00:00", "Z") if user[name] else None

    return {
        "id": str(user["id"]),
        "aud": user["aud"],
        "role": user["role"],
        "email": user["email"],
        "phone": "",
        "email_confirmed_at": moment("email_confirmed_at"),
        "confirmed_at": moment("email_confirmed_at"),
        "last_sign_in_at": moment("last_sign_in_at"),
        "app_metadata": user["raw_app_meta_data"],
        "user_metadata": user["raw_user_meta_data"],
        "identities": [],
        "created_at": moment("created_at"),
        "updated_at": moment("updated_at"),
        "banned_until": moment("banned_until"),
        "is_anonymous": False,
    }
