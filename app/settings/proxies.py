"""Which addresses before ours are proxies that may say who is behind them: a setting, and what it means.

`X-Forwarded-For` is written by whoever sends a request; only what a proxy of our own added to it can be believed. Modal
needs none of this: it gives the ASGI scope the address that connected to it, and passes the header on as it came
(modal-labs/modal-client pull request 2587).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from app.text.numbers import read_digits

__all__ = ["Proxies", "client_address", "network_of", "read_proxies"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Proxies = int | tuple[Network, ...]
"""How many proxies stand before us, or the networks that they are in; 0: none is trusted."""

MOST_HOPS = 10
NEIGHBOURHOOD = 64
"""Bits of an IPv6 address that name a customer's network; the rest is the customer's to choose."""


def read_proxies(text: str) -> Proxies:
    """The setting: a number of hops (`1`), or networks by commas (`10.0.0.0/8, fd00::/8`); empty: nobody is trusted.

    Raises:
        ValueError: it is neither.
    """
    given = text.strip()
    if not given:
        return 0
    if given.isascii() and given.isdigit():
        hops = read_digits(given, most=MOST_HOPS)
        if hops is None:
            raise ValueError(f"Leadloom trusts at most {MOST_HOPS} proxies.")
        return hops
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in given.split(",") if part.strip())


def client_address(peer: str, forwarded: Sequence[str], proxies: Proxies) -> Address | None:
    """The nearest address that no proxy of ours has; None when the connection has none.

    Args:
        peer: who is connected.
        forwarded: the values of `X-Forwarded-For` headers, in order.
        proxies: whom to believe.
    """
    said = [part.strip() for value in forwarded for part in value.split(",") if part.strip()]
    found = _address(peer)
    hops = 0
    while said and found is not None and (hops < proxies if isinstance(proxies, int) else _within(found, proxies)):
        further = _address(said.pop())
        if further is None:  # a proxy that says nothing readable is where we stop
            break
        found, hops = further, hops + 1
    return found


def network_of(address: Address | None) -> str:
    """The network that attempts are counted by: an IPv4 address, the /64 of an IPv6 address."""
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((int(address), NEIGHBOURHOOD), strict=False))


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _address(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, in brackets, with a zone."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
