"""What protects every answer: headers, the CSRF token, signed values in cookies.

The Content-Security-Policy allows no inline script, no inline style and no evaluated code; a page that needs either is
wrong. Tokens are HMACs under the signing key, bound to the session they were made for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import SettingsError
from app.settings import settings

__all__ = ["HEADERS", "HSTS", "Shield", "csrf_token", "csrf_valid", "is_https", "open_sealed", "seal"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

HSTS = (b"strict-transport-security", b"max-age=31536000")


def _macs(purpose: str, text: str) -> list[str]:
    """Under the key that signs now, then under those before it that are still believed."""
    message = f"{purpose}|{text}".encode()
    return [hmac.new(key.encode(), message, hashlib.sha256).hexdigest() for key in settings().signing_keys]


def _believed(purpose: str, text: str, mac: str) -> bool:
    return any(hmac.compare_digest(one.encode(), mac.encode()) for one in _macs(purpose, text))


def csrf_token(binding: str) -> str:
    """The token of one session; it stays the same while the session lives, so that an open form survives a refresh."""
    return _macs("csrf", binding)[0]


def csrf_valid(binding: str, token: str | None) -> bool:
    """Whether the token belongs to this session."""
    return token is not None and _believed("csrf", binding, token)


def seal(purpose: str, value: Any) -> str:
    """JSON that a browser may carry but not change."""
    body = base64.urlsafe_b64encode(orjson.dumps(value)).decode()
    return f"{body}.{_macs(purpose, body)[0]}"


def open_sealed(purpose: str, sealed: str | None) -> Any | None:
    """What `seal` closed; None for anything that was not sealed here for this purpose."""
    body, _, mac = (sealed or "").partition(".")
    if not mac or not _believed(purpose, body, mac):
        return None
    try:
        return orjson.loads(base64.urlsafe_b64decode(body))
    except (ValueError, binascii.Error):
        return None


def is_https(connection: HTTPConnection) -> bool:
    """Whether the browser speaks TLS to us, perhaps through a proxy.

    A proxy that ends TLS may hand plain HTTP on without a word; our public address says it then. A browser gains
    nothing by a false `X-Forwarded-Proto`: it only makes its own cookies stricter.
    """
    forwarded = connection.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    return "https" in (forwarded, connection.scope.get("scheme")) or _publicly_https(connection)


def _publicly_https(connection: HTTPConnection) -> bool:
    try:
        known = connection.scope["app"].state.services.known_url
    except SettingsError:  # the page about it goes out all the same
        return False
    return (known or "").lower().startswith("https://")


class Shield:
    """ASGI middleware: security headers on every answer, `no-store` on all that does not say otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and guard its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        https = is_https(HTTPConnection(scope))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                if https:
                    headers.setdefault(*(text.decode() for text in HSTS))
                for cookie in scope.get("state", {}).get("cookies", ()):
                    headers.append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, guarded)
