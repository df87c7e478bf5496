"""PostgREST's way of saying that a request failed: an HTTP status and a body of code, message, details and hint.

Statuses follow docs.postgrest.org/en/v14/references/errors.html; supabase-py and `app/db.py` read them.
"""

from __future__ import annotations

import logging

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["JSON_TYPE", "GatewayError", "from_postgres", "respond", "unavailable", "without_where"]

logger = logging.getLogger(__name__)
JSON_TYPE = "application/json; charset=utf-8"

# Whole codes first, then classes; the first entry that starts the SQLSTATE counts, 400 is the rest's.
_STATUS_BY_SQLSTATE = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "21000": 500,
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "42501": 403,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57P01": 503,
    "57P03": 503,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0001": 400,
    "P0": 500,
    "XX": 500,
}
_MISSING_RIGHT = "42501"
_CARDINALITY = "21000"
_UNLIMITED = "requires a WHERE clause"  # PostgREST knows safeupdate by this text: its caller's fault, not the server's
_CUSTOM_STATUS = "PT"  # `raise … using errcode = 'PT404'` names the status itself
_UNAUTHORIZED = 401


class GatewayError(Exception):
    """A request answered with an error of PostgREST's shape; one without a code comes from the edge before it."""

    def __init__(
        self, status: int, code: str | None, message: str, *, details: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, str | None] = {"message": message, "hint": hint}
        if code is not None:
            self.body |= {"code": code, "details": details}


def from_postgres(error: asyncpg.PostgresError, role: str) -> GatewayError:
    """Put a database error the way PostgREST puts it; a missing right is 401 for somebody who is not signed in."""
    code = error.sqlstate or "XX000"
    if code.startswith(_CUSTOM_STATUS):
        number = code.removeprefix(_CUSTOM_STATUS)
        status = int(number) if number.isdigit() else 500
    elif code == _MISSING_RIGHT and role == "anon":
        status = _UNAUTHORIZED
    elif code == _CARDINALITY and (error.message or "").endswith(_UNLIMITED):
        status = 400
    else:
        status = next((value for start, value in _STATUS_BY_SQLSTATE.items() if code.startswith(start)), 400)
    return GatewayError(status, code, error.message or str(error), details=error.detail, hint=error.hint)


def without_where(word: str) -> GatewayError:
    """What comes back when `safeupdate` refuses a statement, UPDATE or DELETE."""
    return GatewayError(400, _CARDINALITY, f"{word} {_UNLIMITED}")


def unavailable(error: Exception) -> GatewayError:
    """The database cannot be reached, or went away in the middle."""
    logger.warning("The database is not there: %r", error)
    return GatewayError(503, "PGRST001", "Database client error. Retrying the connection.", details=str(error) or None)


async def respond(_: Request, error: Exception) -> Response:
    """The exception handler that sends a GatewayError."""
    assert isinstance(error, GatewayError)  # noqa: S101 -- registered for nothing else
    headers = {"proxy-status": f"PostgREST; error={error.body['code']}"} if error.body.get("code") else {}
    if error.status == _UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Response(orjson.dumps(error.body), error.status, headers, JSON_TYPE)
