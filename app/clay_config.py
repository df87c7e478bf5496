"""What a client sets up for a Clay workflow: where rows go, how fast, and who may answer.

The dispatcher reads the rate, the sender the webhook, the receivers the receiver token. The address is checked twice:
here when it is saved, and again (`app/clay_http.py`) against what its name resolves to when it is used.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets

import httpx
from pydantic import Field, SecretStr, field_validator

from app.errors import SettingsError
from app.settings import settings
from app.workflows.base import Config

__all__ = ["LIFETIME_CAP", "WARN_AT", "ClayConfig", "address_problem", "loopback_allowed"]

LIFETIME_CAP = 50_000
"""Submissions that a Clay webhook takes in its life; later ones vanish without an error (Clay University, "Webhooks in
Clay"). Deleting rows gives none back."""

WARN_AT = 0.9
"""The part of the cap from which on warnings are given: 45,000 of 50,000."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# IPv6 ranges that carry an IPv4 address inside and may lead anywhere: NAT64 and 6to4.
CARRIERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))
PRIVATE_SUFFIXES = (".local", ".internal", ".intranet", ".lan", ".home.arpa", ".localdomain")


class ClayConfig(Config):
    """A client's Clay table for one workflow."""

    webhook_url: str = Field(
        title="Clay webhook URL",
        description="In Clay: Add, Monitor webhook, copy the URL.",
        repr=False,
        max_length=2000,
    )
    auth_token: SecretStr | None = Field(
        default=None,
        title="Webhook authentication token",
        description="Only if the webhook in Clay asks for one. Clay shows it once, when it is made.",
    )
    workspace: str = Field(
        default="",
        title="Clay workspace",
        description="Tables in the same Clay workspace share one rate limit: give them the same name here.",
        max_length=200,
    )
    rate_per_second: float = Field(
        default=10,
        title="Rows per second",
        description="Clay takes 10 rows per second and workspace.",
        gt=0,
        le=10_000,
    )
    burst: int = Field(
        default=20, title="Burst", description="Rows that may go at once after a pause.", ge=1, le=100_000
    )
    lifetime_cap: int = Field(
        default=LIFETIME_CAP,
        title="Submissions per webhook",
        description="Clay drops what is sent to one webhook URL beyond 50,000 rows, without an error.",
        ge=1,
        le=1_000_000_000,
    )
    receiver_token: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        title="Receiver token",
        description="Bearer token for Clay tables that call the fixed receiver URL.",
        min_length=16,
    )

    @field_validator("webhook_url")
    @classmethod
    def _is_reachable_and_public(cls, url: str) -> str:
        problem = address_problem(url)
        if problem:
            raise ValueError(problem)
        return url

    @field_validator("auth_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        text = token.get_secret_value() if token else ""
        if not text:
            return None
        if not (text.isascii() and text.isprintable()):
            raise ValueError("The token has characters that cannot be sent in a header. Copy it again from Clay.")
        return token

    @property
    def url_sha256(self) -> str:
        """The name under which this webhook's submissions are counted; the URL itself is a secret."""
        return hashlib.sha256(self.webhook_url.encode()).hexdigest()

    def bucket_key(self, client_slug: str) -> str:
        """The rate bucket that this table shares with others, as the dispatcher names it."""
        return self.workspace or f"client:{client_slug}"


def loopback_allowed() -> bool:
    """Whether addresses of this very machine are acceptable: only where a Clay sandbox stands in for Clay."""
    try:
        return bool(settings().clay_sandbox_url)
    except SettingsError:
        return False


def address_problem(url: str) -> str | None:
    """Why rows cannot be sent to this URL, in the user's words; None if they can."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "This is not a web address. Copy the webhook URL from Clay again."
    host = parsed.host.rstrip(".").lower()
    if parsed.scheme not in ("http", "https") or not host:
        return "A webhook URL starts with https://. Copy it from Clay again."
    if parsed.userinfo:
        return "Leave the user name and password out of the address; the token has a field of its own."
    if is_loopback(host):
        return None if loopback_allowed() else "This address leads to Leadloom's own machine, not to Clay."
    if parsed.scheme != "https":
        return "The webhook URL must start with https://, so that rows are not sent in the open."
    return private_problem(host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    address = parse_address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def private_problem(host: str) -> str | None:
    """Why a host (not loopback) cannot be Clay: it lies in a private network. None if it may be public."""
    address = parse_address(host)
    private = not is_public(address) if address else "." not in host or host.endswith(PRIVATE_SUFFIXES)
    return "This address lies in a private network; Clay's webhooks are public." if private else None


def parse_address(host: str) -> Address | None:
    """The IP address that a host is written as; None for names."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def is_public(address: Address) -> bool:
    """Whether the address is one host of the public internet."""
    if address.version == 6 and any(address in carrier for carrier in CARRIERS):  # noqa: PLR2004 -- IPv6
        return False
    return address.is_global and not address.is_multicast
