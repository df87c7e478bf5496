"""PostgREST's way of saying that a request failed: an HTTP status and a body of code, message, details and hint.

Statuses follow the tables of docs.postgrest.org/en/v14/references/errors.html; supabase-py and `app/db.py` read them.
"""

from __future__ import annotations

import asyncpg

__all__ = ["GatewayError", "from_postgres"]

# Whole codes first, then classes; the first entry that starts the SQLSTATE counts.
_STATUS_BY_SQLSTATE = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
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
    "53400": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57P01": 503,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0001": 400,
    "P0": 500,
    "XX": 500,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "42501": 403,
}


class GatewayError(Exception):
    """A request that the gateway answers with an error of PostgREST's shape."""

    def __init__(
        self, status: int, code: str, message: str, *, details: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "details": details, "hint": hint, "message": message}


def from_postgres(error: asyncpg.PostgresError, role: str) -> GatewayError:
    """Put a database error the way PostgREST puts it.

    `PT` and three digits is the status itself (`raise … using errcode = 'PT404'`); a missing right is 401 for somebody
    without a token and 403 for everybody else.
    """
    code = error.sqlstate or "XX000"
    if code.startswith("PT") and code[2:].isdigit():
        status = int(code[2:])
    elif code == "42501" and role == "anon":
        status = 401
    else:
        status = next((value for start, value in _STATUS_BY_SQLSTATE.items() if code.startswith(start)), 400)
    return GatewayError(status, code, error.message or str(error), details=error.detail, hint=error.hint)
