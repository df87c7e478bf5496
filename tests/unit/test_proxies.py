"""Who is behind a proxy: only what a proxy of ours added is believed."""

from __future__ import annotations

import pytest

from app.errors import SettingsError
from app.settings import settings
from app.settings.proxies import client_address, network_of, read_proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "setting", "found"),
    [
        ("203.0.113.7", [], "", "203.0.113.7"),
        ("203.0.113.7", ["192.0.2.1"], "", "203.0.113.7"),
        ("10.0.0.2", ["192.0.2.1, 203.0.113.7"], "1", "203.0.113.7"),
        ("10.0.0.2", ["192.0.2.1", "203.0.113.7"], "1", "203.0.113.7"),
        ("10.0.0.2", ["192.0.2.1, 203.0.113.7, 10.0.0.3"], "2", "203.0.113.7"),
        ("10.0.0.2", ["203.0.113.7"], "3", "203.0.113.7"),
        ("10.0.0.2", [], "1", "10.0.0.2"),
        ("10.0.0.2", ["192.0.2.1, 203.0.113.7, 10.0.0.3"], "10.0.0.0/8", "203.0.113.7"),
        ("203.0.113.9", ["192.0.2.1"], "10.0.0.0/8, fd00::/8", "203.0.113.9"),
        ("fd00::1", ["[2001:db8::5]:443"], "10.0.0.0/8,fd00::/8", "2001:db8::5"),
        ("10.0.0.2", ["203.0.113.7:5678"], "1", "203.0.113.7"),
        ("10.0.0.2", ["unknown"], "1", "10.0.0.2"),
        ("::ffff:203.0.113.7", [], "", "203.0.113.7"),
        ("fe80::1%eth0", [], "", "fe80::1"),
        ("", ["203.0.113.7"], "1", "None"),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours(
    peer: str, forwarded: list[str], setting: str, found: str
) -> None:
    assert str(client_address(peer, forwarded, read_proxies(setting))) == found


def test_an_ipv6_network_is_a_64() -> None:
    first, second, other = (
        network_of(client_address(each, [], 0))
        for each in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")
    )
    assert first == second == "2001:db8:1:2::/64"
    assert other != first
    assert network_of(client_address("203.0.113.7", [], 0)) == "203.0.113.7"
    assert network_of(None) == "unknown"


@pytest.mark.parametrize("text", ["eleven", "11", "-1", "10.0.0.0/99", "example.com"])
def test_a_wrong_setting_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUPABASE_URL", "SUPABASE_SECRET_KEY", "SUPABASE_PUBLISHABLE_KEY"):
        monkeypatch.setenv(name, "https://x.example")
    monkeypatch.setenv("LEADLOOM_SIGNING_KEY", "k" * 40)
    monkeypatch.setenv("LEADLOOM_TRUSTED_PROXIES", text)
    with pytest.raises(SettingsError, match="LEADLOOM_TRUSTED_PROXIES"):
        settings()
