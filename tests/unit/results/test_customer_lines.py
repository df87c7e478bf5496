"""Lists of customers, read line by line from whatever was pasted."""

from __future__ import annotations

import pytest

from app.results.customers import read_lines, read_row


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("acme.com", ("acme.com", None, None)),
        ("Acme, Inc.\tacme.com", ("acme.com", None, "acme")),
        (
            "Acme, acme.com, https://www.linkedin.com/company/Acme/",
            ("acme.com", "https://www.linkedin.com/company/acme", "acme"),
        ),
        ("https://linkedin.com/company/brandt-soll", (None, "https://www.linkedin.com/company/brandt-soll", None)),
        ("KestrelPay Ltd", (None, None, "kestrelpay")),
        ("https://www.shop.acme.co.uk/contact", ("acme.co.uk", None, None)),
    ],
)
def test_customers_are_read_from_any_line(line: str, found: tuple[str | None, ...]) -> None:
    [customer] = read_lines(line).customers
    assert (customer["domain"], customer["linkedin"], customer["name_key"]) == found


def test_lines_without_a_customer_are_given_back() -> None:
    found = read_lines("Company,Domain\nacme.com\n12345\nSelf-employed\ngmail.com\n\n")
    assert [customer["domain"] for customer in found.customers] == ["acme.com"]
    assert found.unread == ["12345", "Self-employed", "gmail.com"]
    row = read_row({"Customer": "Acme", "Notes": "call me.maybe", "Domain": "acme.com"}, {"company_domain": "Domain"})
    assert [(c["name"], c["domain"]) for c in row.customers] == [("Acme", "acme.com")]
