"""What a client sets up for a Clay workflow: where rows go, how fast, and who may answer.

The dispatcher reads the rate, the sender the webhook, the receivers the receiver token. The address is checked twice:
here when it is saved, and again (`app/clay/post.py`) against what its name resolves to when it is used.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import socket

import httpx
from pydantic import Field, SecretStr, field_validator

from app.errors import SettingsError
from app.settings import settings
from app.workflow import Config

__all__ = ["LIFETIME_CAP", "WARN_AT", "ClayConfig", "address_problem", "loopback_allowed"]

LIFETIME_CAP = 50_000
"""Submissions that a Clay webhook takes in its life; later ones vanish without an error (Clay University, "Webhooks in
Clay"). Deleting rows gives none back."""

WARN_AT = 0.9
"""The part of the cap from which on warnings are given: 45,000 of 50,000."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All that IPv6 routes globally (RFC 4291). What lies outside is no host of the internet: IPv4-compatible and -mapped,
NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), site-local (fec0::/10), unique and link-local."""
NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID (RFC 2928, 4380, 5180, 7343)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4: carries an IPv4 address, and may lead anywhere (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata among them (RFC 6890)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata at 100.100.100.200 (RFC 6598)
        "168.63.129.16/32",  # Azure's own services (Microsoft Learn, "What is IP address 168.63.129.16?")
    )
)
NUMERIC = re.compile(r"(?:0x[0-9a-f]*|\d+)\Z")
"""A last label that makes a host an IPv4 address, in whatever notation (WHATWG URL, "ends in a number")."""
PRIVATE_SUFFIXES = (".local", ".internal", ".intranet", ".lan", ".home.arpa", ".localdomain")


class ClayConfig(Config):
    """A client's Clay table for one workflow."""

    webhook_url: str = Field(
        title="Clay webhook URL",
        description="In Clay, choose Add → Monitor webhook and copy the URL.",
        repr=False,
        max_length=2000,
    )
    auth_token: SecretStr | None = Field(
        default=None,
        title="Webhook authentication token",
        description="Only if the webhook requires one. Clay shows it once, when you create it.",
    )
    workspace: str = Field(
        default="",
        title="Clay workspace",
        description="Tables in the same Clay workspace share one rate limit. Use the same name here for all of them.",
        max_length=200,
    )
    rate_per_second: float = Field(
        default=10,
        title="Rows per second",
        description="Clay accepts 10 rows per second per workspace.",
        gt=0,
        le=10_000,
    )
    burst: int = Field(
        default=20, title="Burst", description="Rows that can be sent at once after a pause.", ge=1, le=100_000
    )
    lifetime_cap: int = Field(
        default=LIFETIME_CAP,
        title="Submissions per webhook",
        description="Clay silently drops anything sent to one webhook URL beyond 50,000 rows.",
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
            raise ValueError("The token contains invalid characters. Copy it from Clay again.")
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
        return "Remove the user name and password from the URL; the token has its own field."
    if is_loopback(host):
        return None if loopback_allowed() else "This URL points to Leadloom's own machine, not to Clay."
    if parsed.scheme != "https":
        return "The webhook URL must start with https://, so that rows are sent encrypted."
    return private_problem(host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    address = parse_address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def private_problem(host: str) -> str | None:
    """Why a host (not loopback) cannot be Clay: it lies in a private network. None if it may be public."""
    address = parse_address(host)
    private = not is_public(address) if address else "." not in host or host.endswith(PRIVATE_SUFFIXES)
    return "This URL is on a private network; Clay's webhooks are public." if private else None


def parse_address(host: str) -> Address | None:
    """The IP address that a host is written as, in old notations as well (127.1, 0x7f000001); None for names."""
    text = host.strip("[]").partition("%")[0].rstrip(".")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return _old_notation(text.lower())
    return getattr(address, "ipv4_mapped", None) or address


def _old_notation(text: str) -> Address | None:
    """What a resolver makes of numbers that are no dotted quad; what it makes nothing of leads nowhere (0.0.0.0)."""
    if not NUMERIC.match(text.rpartition(".")[2]):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError:
        return ipaddress.IPv4Address(0)


def is_public(address: Address) -> bool:
    """Whether the address is one host of the public internet."""
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in NEVER)
