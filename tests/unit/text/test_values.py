"""Plain values: text, counts, years, e-mail addresses, phone numbers, countries, towns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.text.contacts import email, phone
from app.text.places import country_code, country_name, place_name
from app.text.values import clean_block, clean_text, count, fold, year
from tests.unit.tables import read_table

TEXTS = [
    ("Northgate Robotics", "Northgate Robotics"),
    ("  Northgate   Robotics\t", "Northgate Robotics"),
    ("Northgate\nRobotics", "Northgate Robotics"),
    ("\u00a0Northgate\u00a0Robotics", "Northgate Robotics"),
    ("North\u200bgate\ufeff", "Northgate"),
    ("Jose\u0301", "José"),
    ("Brandt &amp; Soll", "Brandt & Soll"),
    ("R&D; sales", "R&D; sales"),
    ("'+1 415 555 0132", "+1 415 555 0132"),
    ("'=HYPERLINK(1)", "=HYPERLINK(1)"),
    ("'quoted'", "quoted"),
    ("'t Hooft", "'t Hooft"),
    ("'s-Hertogenbosch", "'s-Hertogenbosch"),
    ("O'Neil", "O'Neil"),
    ("null", None),
    ("NULL", None),
    ("Null", "Null"),
    ("N/A", None),
    ("n/a", None),
    ("NA", None),
    ("Na", "Na"),
    ("nan", None),
    ("NaN", None),
    ("None", None),
    ("undefined", None),
    ("#N/A", None),
    ("#REF!", None),
    ("-", None),
    ("—", None),
    ("Unknown", None),
    ("   ", None),
    ("", None),
    (None, None),
    (12, "12"),
    (12.0, "12"),
    (12.5, "12.5"),
    (True, None),
]


@pytest.mark.parametrize(("cell", "expected"), TEXTS)
def test_text(cell: Any, expected: str | None) -> None:
    assert clean_text(cell) == expected


def test_a_block_keeps_its_lines() -> None:
    assert clean_block("  Owns the pipeline.\nShips &amp; sells.  ") == "Owns the pipeline.\nShips & sells."


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("143", 143),
        ("1,234", 1234),
        ("1.234", 1234),
        ("1 234", 1234),
        ("1'234", 1234),
        ("12,345,678", 12345678),
        ("143.0", 143),
        (143, 143),
        (143.0, 143),
        ("1.2K", 1200),
        ("5k+", 5000),
        ("2M", 2000000),
        ("51-200", 51),
        ("51 - 200", 51),
        ("51 to 200", 51),
        ("51\u2013200 employees", 51),
        ("10,001+", 10001),
        ("10,001+ employees", 10001),
        ("1,001-5,000", 1001),
        ("1.001-5.000", 1001),
        ("> 500", 500),
        ("~150", 150),
        ("about 20", 20),
        ("10-Feb", 2),  # 2-10, as Excel stores it
        ("02-Oct", 2),
        ("2-Oct", 2),
        ("Feb-10", 2),
        ("10-Jan", 1),
        ("11-50", 11),
        ("Self-employed", 1),
        ("0", 0),
        ("-5", None),
        (-5, None),
        (float("nan"), None),
        ("many", None),
        ("N/A", None),
        ("", None),
        (None, None),
    ],
)
def test_head_counts(cell: Any, expected: int | None) -> None:
    assert count(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2017", 2017),
        (2017, 2017),
        (2017.0, 2017),
        ("2017.0", 2017),
        ("Founded in 2017", 2017),
        ("2017-03-01", 2017),
        ("03/2017", 2017),
        ("1868", 1868),
        ("17", None),
        ("20170", None),
        ("N/A", None),
        (None, None),
    ],
)
def test_years(cell: Any, expected: int | None) -> None:
    assert year(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("jane@acme.com", "jane@acme.com"),
        (" Jane.Doe@ACME.com ", "jane.doe@acme.com"),
        ("'jane@acme.com", "jane@acme.com"),
        ("mailto:jane@acme.com", "jane@acme.com"),
        ("Jane Doe <jane@acme.com>", "jane@acme.com"),
        ("jane@acme.com; john@acme.com", "jane@acme.com"),
        ("not an address, jane@acme.com", "jane@acme.com"),
        ("jane@acme.com.", "jane@acme.com"),
        ("jane+list@acme.co.uk", "jane+list@acme.co.uk"),
        ("jane_doe@sub.acme.io", "jane_doe@sub.acme.io"),
        ("o'neil@acme.com", "o'neil@acme.com"),
        ("jane@northgaterobotics.example", "jane@northgaterobotics.example"),
        ("jörg@bücher.de", "jörg@bücher.de"),
        ("email_not_unlocked@domain.com", None),
        ("jane..doe@acme.com", None),
        ("jane@acme", None),
        ("jane@@acme.com", None),
        ("jane@acme..com", None),
        ("jane@-acme.com", None),
        ("jane@localhost", None),
        ("jane@acme.test", None),
        ("@acme.com", None),
        ("jane at acme.com", None),
        ("acme.com", None),
        ("N/A", None),
        ("", None),
        (None, None),
    ],
)
def test_email_addresses(cell: str | None, expected: str | None) -> None:
    assert email(cell) == expected


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        ("+1 415-555-0132", None, "+14155550132"),
        ("'+1 415-555-0132", None, "+14155550132"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("0031 20 123 4567", None, "+31201234567"),
        ("020 123 4567", "NL", "+31201234567"),
        ("(415) 555-0132", "US", "+14155550132"),
        ("415.555.0132", "US", "+14155550132"),
        ("030 901820", "DE", "+4930901820"),
        ("+31 20 123 4567", "US", "+31201234567"),
        ("(415) 555-0132 ext. 12", "US", "+14155550132;ext=12"),
        ("Tel: +44 20 7946 0958", None, "+442079460958"),
        ("+1 415-555-0132 / +1 415-555-0199", None, "+14155550132"),
        ("020 123 4567", None, "020 123 4567"),  # nobody knows in which country: as typed
        ("12345", "US", None),
        ("call me", "US", None),
        ("N/A", "US", None),
        (None, "US", None),
    ],
)
def test_phone_numbers(cell: str | None, region: str | None, expected: str | None) -> None:
    assert phone(cell, region) == expected


@pytest.mark.parametrize(
    ("cell", "code", "name"),
    [
        ("Netherlands", "NL", "Netherlands"),
        ("The Netherlands", "NL", "Netherlands"),
        ("NL", "NL", "Netherlands"),
        ("nl", "NL", "Netherlands"),
        ("Nederland", "NL", "Netherlands"),
        ("Holland", "NL", "Netherlands"),
        ("USA", "US", "United States"),
        ("U.S.A.", "US", "United States"),
        ("United States of America", "US", "United States"),
        ("UK", "GB", "United Kingdom"),
        ("England", "GB", "United Kingdom"),
        ("Deutschland", "DE", "Germany"),
        ("ALLEMAGNE", "DE", "Germany"),
        ("España", "ES", "Spain"),
        ("Espana", "ES", "Spain"),
        ("Schweiz", "CH", "Switzerland"),
        ("Côte d'Ivoire", "CI", "Ivory Coast"),
        ("Korea, Republic of", "KR", "South Korea"),
        ("Czechia", "CZ", "Czech Republic"),
        ("Türkiye", "TR", "Turkey"),
        ("Viet Nam", "VN", "Vietnam"),
        ("UAE", "AE", "United Arab Emirates"),
        ("Hong Kong", "HK", "Hong Kong"),
        ("日本", "JP", "Japan"),
        ("Atlantis", None, "Atlantis"),
        ("N/A", None, None),
        (None, None, None),
    ],
)
def test_countries(cell: str | None, code: str | None, name: str | None) -> None:
    assert (country_code(cell), country_name(cell)) == (code, name)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Utrecht", "Utrecht"),
        ("RIO DE JANEIRO", "Rio de Janeiro"),
        ("new york", "New York"),
        ("NYC", "NYC"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("McLean", "McLean"),
        ("東京", "東京"),
        ("-", None),
        (None, None),
    ],
)
def test_towns(cell: str | None, expected: str | None) -> None:
    assert place_name(cell) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("Müller", "MULLER"), ("Łódź", "lodz"), ("straße", "STRASSE"), ("Søren", "soren"), ("\uff2aane", "jane")],
)
def test_folded_spellings_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("given", "expected"), read_table("emails"))
def test_e_mail_addresses_however_they_are_typed(given: str, expected: list[str | None]) -> None:
    assert [email(given)] == expected


@pytest.mark.parametrize(("given", "expected"), read_table("phones"))
def test_phone_numbers_however_they_are_typed(given: str, expected: list[str | None]) -> None:
    text, _, region = given.rpartition(" +")
    assert [phone(text.strip(), region.strip() or None)] == expected


@pytest.mark.parametrize("number", ["+16502530000;ext=136", "+4915123456789", "+14155550132"])
def test_a_number_that_was_read_reads_the_same(number: str) -> None:
    assert phone(number) == number


NOTHING = (Path(__file__).parents[1] / "tables" / "nothing.txt").read_text("utf-8").splitlines()[1:]


@pytest.mark.parametrize("cell", NOTHING)
def test_words_for_nothing(cell: str) -> None:
    value = cell.startswith("= ")
    assert (clean_text(cell.removeprefix("= ")) is not None) is value
