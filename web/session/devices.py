"""Browsers that signed in before: a long-lived, sealed mark that keeps them an allowance of their own.

Strangers' guesses slow down strangers; the mark names the accounts whose password was right on this device, and opens
nothing by itself.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.requests import Request

from app.setup.sign_ins import account_hash
from web.session.cookies import DEVICE, put_cookie
from web.session.security import open_sealed, seal

__all__ = ["known_device", "mark_device"]

AGE_S = 60 * 60 * 24 * 400  # browsers keep no cookie longer
MOST_ACCOUNTS = 10


def known_device(request: Request, email: str) -> str | None:
    """The device's name, if somebody signed in to this account on it; None for a device or account that is new."""
    mark = _mark(request)
    return mark["device"] if account_hash(email) in mark["accounts"] else None


def mark_device(request: Request, email: str) -> None:
    """Let the browser remember that this account's password was right here."""
    mark = _mark(request)
    others = [account for account in mark["accounts"] if account != account_hash(email)]
    accounts = [account_hash(email), *others][:MOST_ACCOUNTS]
    sealed = seal("device", mark | {"accounts": accounts, "ends": int(time.time()) + AGE_S})
    put_cookie(request, DEVICE, sealed, max_age=AGE_S)


def _mark(request: Request) -> dict[str, Any]:
    mark = open_sealed("device", request.cookies.get(DEVICE))
    if isinstance(mark, dict) and mark["ends"] > time.time():
        return mark
    return {"device": secrets.token_urlsafe(18), "accounts": []}
