"""Company domains: every case of the table, and the other questions that are asked of a host."""

from __future__ import annotations

import socket

import pytest

from app.text import domains
from app.text.domains import company_domain, is_free_mail, registrable_domain, website_url
from tests.unit.tables import read_table


@pytest.mark.parametrize(("given", "expected"), read_table("company_domains"))
def test_the_domain_of_a_company_is_found(given: str, expected: list[str | None]) -> None:
    assert company_domain(given) == expected[0]


def test_there_are_enough_cases() -> None:
    assert len({given for given, _ in read_table("company_domains")}) >= 150


@pytest.mark.parametrize("given", [case[0] for case in read_table("company_domains")])
def test_a_found_domain_is_found_again(given: str) -> None:
    domain = company_domain(given)
    assert domain is None or registrable_domain(domain) == domain


def test_no_network_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a domain was looked up")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for cached in (domains._extract, domains._extract_without_private, domains._registrable, company_domain):
        cached.cache_clear()
    assert company_domain("https://www.acme.co.uk/x") == "acme.co.uk"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jane@gmail.com", "gmail.com"),
        ("https://www.linkedin.com/in/jane", "linkedin.com"),
        ("https://github.com/acme", "github.com"),
        ("acme.github.io", "acme.github.io"),
        ("co.uk", None),
        ("acme", None),
        (None, None),
    ],
)
def test_a_registrable_domain_may_be_anybodys(text: str | None, expected: str | None) -> None:
    assert registrable_domain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme.com", "https://acme.com"),
        ("www.acme.com/", "https://www.acme.com"),
        ("HTTP://WWW.ACME.COM/About", "http://www.acme.com/About"),
        ("https://acme.com/a b", "https://acme.com/a"),
        ("http//acme.com", "http://acme.com"),
        ("htps://acme.com", "https://acme.com"),
        ("bücher.de/ä", "https://xn--bcher-kva.de/%C3%A4"),
        ("https://acme.com/?utm_source=x", "https://acme.com/?utm_source=x"),
        ("https://www.google.com/url?q=https://acme.com/&sa=D", "https://acme.com"),
        ("www.acme.com., acme.de", "https://www.acme.com"),
        ("jane@acme.com", None),
        ("acme", None),
        ("N/A", None),
        (None, None),
    ],
)
def test_websites_are_written_in_one_way(text: str | None, expected: str | None) -> None:
    assert website_url(text) == expected


@pytest.mark.parametrize("domain", ["gmail.com", "web.de", "hey.com", "qq.com", "yahoo.co.uk"])
def test_free_mail_is_known(domain: str) -> None:
    assert is_free_mail(domain)


@pytest.mark.parametrize("domain", ["acme.com", "google.com", "linkedin.com"])
def test_other_domains_are_no_free_mail(domain: str) -> None:
    assert not is_free_mail(domain)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://orchardtools.io/staff/kim@gmail.com", "https://orchardtools.io/staff/kim@gmail.com"),
        ("https://kim:secret@orchardtools.io/x", "https://orchardtools.io/x"),
        ("facebook.com/orchardtools, orchardtools.io", "https://orchardtools.io"),
        ("linkedin.com/company/x; www.orchardtools.io", "https://www.orchardtools.io"),
        ("facebook.com/orchardtools", "https://facebook.com/orchardtools"),
        ("kim@orchardtools.io", None),
    ],
)
def test_a_website_without_its_login_and_the_companys_own_first(given: str, expected: str | None) -> None:
    assert website_url(given) == expected
