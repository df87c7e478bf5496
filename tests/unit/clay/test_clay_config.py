"""The config of a Clay table: which addresses rows may go to, and what the pages never see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr, ValidationError

from app.clay.config import ClayConfig, address_problem

HOOK = "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-0f9e1d"


NOT_GLOBAL = (
    "[64:ff9b:1::a00:1]",
    "[64:ff9b::808:808]",
    "[::127.0.0.1]",
    "[::8.8.8.8]",
    "[fec0::1]",
    "[2001::1]",
    "[2001:2::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[3fff::1]",
    "[5f00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[fe80::1%25eth0]",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "240.0.0.1",
    "255.255.255.255",
    "0xa000001",
    "167772161",
    "10.1",
    "10.0.0.1.",
    "1.2.3.4.5",
)
"""Addresses that no Clay has: not routed in the open, or a cloud's own."""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Say whether a Clay sandbox is in use."""

    def use(url: str | None) -> None:
        for name, value in {
            "SUPABASE_URL": "http://127.0.0.1:1",
            "SUPABASE_SECRET_KEY": "sb_secret_x",
            "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
            "LEADLOOM_SIGNING_KEY": "k" * 32,
        }.items():
            monkeypatch.setenv(name, value)
        if url:
            monkeypatch.setenv("CLAY_SANDBOX_URL", url)
        else:
            monkeypatch.delenv("CLAY_SANDBOX_URL", raising=False)

    return use


def test_defaults_are_clays_limits() -> None:
    config = ClayConfig(webhook_url=HOOK)
    assert (config.rate_per_second, config.burst, config.lifetime_cap) == (10, 20, 50_000)
    assert config.auth_token is None


def test_every_config_gets_a_receiver_token_of_its_own() -> None:
    one, two = ClayConfig(webhook_url=HOOK), ClayConfig(webhook_url=HOOK)
    assert len(one.receiver_token.get_secret_value()) >= 40
    assert one.receiver_token != two.receiver_token


def test_secrets_do_not_show() -> None:
    config = ClayConfig(webhook_url=HOOK, auth_token=SecretStr("tok-secret"))
    shown = f"{config!r} {config}"
    assert "pull-in-data" not in shown
    assert "tok-secret" not in shown
    assert config.receiver_token.get_secret_value() not in shown


def test_the_counter_key_is_the_hash_of_the_url() -> None:
    config = ClayConfig(webhook_url=HOOK)
    assert len(config.url_sha256) == 64
    assert "clay" not in config.url_sha256


def test_tables_of_one_workspace_share_a_rate_bucket() -> None:
    assert ClayConfig(webhook_url=HOOK, workspace="north").bucket_key("acme") == "north"
    assert ClayConfig(webhook_url=HOOK).bucket_key("acme") == "client:acme"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "https://"),
        ("not a url", "https://"),
        ("ftp://api.clay.com/x", "https://"),
        ("//api.clay.com/x", "https://"),
        ("https://", "https://"),
        ("http://api.clay.com/x", "sent encrypted"),
        ("https://user:pw@api.clay.com/x", "user name and password"),
        ("https://user@api.clay.com/x", "user name and password"),
        ("https://10.0.0.1/x", "private network"),
        ("https://192.168.1.4/x", "private network"),
        ("https://172.16.0.1/x", "private network"),
        ("https://169.254.169.254/latest/meta-data", "private network"),
        ("https://100.64.0.1/x", "private network"),
        ("https://0.0.0.0/x", "private network"),
        ("https://224.0.0.1/x", "private network"),
        ("https://[fd00::1]/x", "private network"),
        ("https://[fe80::1]/x", "private network"),
        ("https://[::ffff:10.0.0.1]/x", "private network"),
        ("https://[64:ff9b::a00:1]/x", "private network"),
        *((f"https://{host}/x", "private network") for host in NOT_GLOBAL),
        ("https://intranet/x", "private network"),
        ("https://db.internal/x", "private network"),
        ("https://printer.local/x", "private network"),
        ("https://printer.local./x", "private network"),
        ("https://127.0.0.1/x", "own machine"),
        ("http://127.0.0.1:8000/x", "own machine"),
        ("http://localhost:8000/x", "own machine"),
        ("http://LOCALHOST./x", "own machine"),
        ("http://app.localhost/x", "own machine"),
        ("https://[::1]/x", "own machine"),
        ("https://[::ffff:127.0.0.1]/x", "own machine"),
        ("https://127.1/x", "own machine"),
        ("https://012.0.0.1/x", "not a web address"),
        ("https://0x7f.1/x", "own machine"),
        ("https://a.b\x00c/x", "not a web address"),
    ],
)
def test_addresses_that_cannot_be_clay(url: str, problem: str, sandbox: Callable[[str | None], None]) -> None:
    sandbox(None)
    assert problem in (address_problem(url) or "no problem")
    with pytest.raises(ValidationError):
        ClayConfig(webhook_url=url)


@pytest.mark.parametrize(
    "url",
    [
        HOOK,
        "https://[2606:4700::1111]/x",
        "https://8.8.8.8/x",
        "https://1.example/x",
        "https://bücher.example/hook",
        "https://clay.com:8443/x",
    ],
)
def test_public_https_addresses_are_fine(url: str) -> None:
    assert address_problem(url) is None


def test_this_machine_is_fine_while_the_sandbox_stands_in(sandbox: Callable[[str | None], None]) -> None:
    sandbox("http://127.0.0.1:9999")
    assert address_problem("http://127.0.0.1:9999/webhooks/a/b") is None
    assert address_problem("http://localhost:9999/webhooks/a/b") is None
    assert address_problem("https://10.0.0.1/x") is not None, "other private addresses stay out"
    assert address_problem("http://api.clay.com/x") is not None, "plain http stays on this machine"


@pytest.mark.parametrize("token", ["tok\nx", "tök", "a\x00b"])
def test_a_token_that_fits_no_header_is_refused(token: str) -> None:
    with pytest.raises(ValidationError, match="contains invalid characters"):
        ClayConfig(webhook_url=HOOK, auth_token=SecretStr(token))


def test_an_empty_token_is_none() -> None:
    assert ClayConfig(webhook_url=HOOK, auth_token=SecretStr("")).auth_token is None


@pytest.mark.parametrize("change", [{"rate_per_second": 0}, {"burst": 0}, {"lifetime_cap": 0}, {"color": "red"}])
def test_nonsense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ClayConfig.model_validate({"webhook_url": HOOK, **change})


def test_the_schema_marks_secrets() -> None:
    fields = ClayConfig.model_json_schema()["properties"]
    assert fields["receiver_token"]["format"] == "password"
    assert fields["auth_token"]["anyOf"][0]["format"] == "password"
