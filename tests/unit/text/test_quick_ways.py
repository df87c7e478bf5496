"""What is read the quick way, because nothing needs doing to it, reads the same the long way."""

from __future__ import annotations

import re

import ada_url
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.text import (
    _company_capitals,
    _company_phrases,
    _company_remarks,
    _company_words,
    _name_cleaning,
    _name_words,
    companies,
)
from app.text._name_cleaning import by_cleaning, strip_decoration
from app.text._name_plain import is_plain
from app.text.companies import company_name
from app.text.contacts import phone
from app.text.domains import website_url
from app.text.values import says_nothing
from tests.unit.tables import read_table

LISTED = {
    word
    for name, words in vars(_name_words).items()
    if name.isupper() and isinstance(words, frozenset | dict)
    for word in words
    if word.isalpha()
}
SOUGHT = {
    word
    for pattern in vars(_name_cleaning).values()
    if isinstance(pattern, re.Pattern)
    for word in re.findall(r"[^\W\d_]+", re.sub(r"\\u(....)", lambda code: chr(int(code[1], 16)), pattern.pattern))
}
"""Words out of the patterns of the cleaning themselves, so that one that is new there is tried here."""

WORDS = st.sampled_from(
    ("Ana", "Benoît", "Smith", "Łucja", "Müller", "O'Neil", "Jean-Luc", "Nguyễn")
) | st.sampled_from(sorted(LISTED | SOUGHT)).flatmap(lambda word: st.sampled_from((word, word.title(), word.upper())))
NAMES = st.lists(WORDS, min_size=1, max_size=4).flatmap(
    lambda words: st.sampled_from((" ", "-", "'")).map(
        lambda joint: " ".join((words[0], joint.join(words[1:]))).strip()
    )
)


@given(NAMES, st.booleans())
@settings(max_examples=700, deadline=None, derandomize=True)
def test_a_plain_name_is_what_cleaning_leaves_of_it(name: str, column: bool) -> None:
    if is_plain(name):
        assert strip_decoration(name, column=column) == by_cleaning(name, column=column)


@pytest.mark.parametrize("name", ["Ana Smith", "Jean-Luc", "O'Neil", "Łucja Müller", "McDonald", "van den Berg"])
def test_most_names_are_plain(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize("name", ["Dr Ana", "Ana Smith MBA", "Ana née Smith", "Ana at Acme", "Smith III"])
def test_a_name_with_something_to_take_off_is_not_plain(name: str) -> None:
    assert not is_plain(name)


@given(
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.text("0123456789 ()-", min_size=6, max_size=18),
    st.sampled_from((None, "US", "DE", "IT")),
)
@settings(max_examples=700, deadline=None, derandomize=True)
def test_an_international_number_is_what_the_library_reads(code: int, digits: str, region: str | None) -> None:
    cell = f"+{code} {digits}7"
    try:
        number = phonenumbers.parse(cell, region)
    except phonenumbers.NumberParseException:
        return
    if phonenumbers.is_possible_number(number) and sum(map(str.isdigit, cell)) >= 7:
        assert phone(cell, region) == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize("host", sorted({domain for _, (domain,) in read_table("company_domains") if domain}))
def test_a_bare_site_is_in_the_normal_form_of_urls(host: str) -> None:
    for scheme in ("http", "https"):
        found = website_url(f"{scheme}://www.{host}")
        assert found is None or f"{found}/" == ada_url.parse_url(f"{scheme}://www.{host}")["href"]


FORMS = {
    word
    for known in (*vars(_company_words).values(), *vars(_company_capitals).values())
    if isinstance(known, frozenset)
    for word in known
    if word.isascii() and "|" not in word
}
REMARKS = {
    word
    for module in (_company_phrases, _company_remarks)
    for pattern in vars(module).values()
    if isinstance(pattern, re.Pattern)
    for word in re.findall(r"[A-Za-z]+", re.sub(r"\\u....|\\.", " ", pattern.pattern))
}
COMPANY_WORDS = st.sampled_from(
    ("Acme", "Northgate", "3M", "McKay", "Hundred", "and", "of", "the", "SC", "&", "S", "P", "Berlin", "Köln", "Priv")
) | st.sampled_from(sorted(FORMS | REMARKS)).flatmap(lambda word: st.sampled_from((word, word.title(), word.upper())))
ENDS = (
    *("", " Ltd.", ", Inc.", " S.A.", " B.V.", " Limited", " AG", " Co.", " & Co.", " S. Coop.", ", S.R.L."),
    *(" (UK) Ltd", " Sp. z o. o.", " & Sons", " S/A", " UG (haftungsbeschränkt)", " AB (publ)", " Co., Ltd.", " NV/SA"),
    *(" (ACME)", ", PC", " Private Limited", " GmbH, Berlin", " GmbH & Co. KG", " a.s.", " Inc., US", " & affiliates"),
)
COMPANY_ENDS = st.sampled_from(ENDS) | st.lists(COMPANY_WORDS, min_size=1, max_size=2).map(
    lambda words: f", {' '.join(words)}."
)


@given(st.lists(COMPANY_WORDS, min_size=1, max_size=4).map(" ".join), COMPANY_ENDS)
@settings(max_examples=1_500, deadline=None, derandomize=True)
def test_a_company_that_no_rule_knows_is_called_what_the_rules_leave_of_it(name: str, end: str) -> None:
    line = " ".join(f"{name}{end}".split())
    if not says_nothing(line):
        assert company_name(line) == companies._with_care(line)


SIGNS = st.sampled_from((" ", ", ", " - ", " (", "/", ": ", ". ", " & "))


@given(st.lists(st.tuples(COMPANY_WORDS, SIGNS).map("".join), min_size=1, max_size=6).map("".join))
@settings(max_examples=1_000, deadline=None, derandomize=True)
def test_no_remark_stays_because_nobody_looked_for_it(line: str) -> None:
    assert _company_remarks._without_trailing_remark(line) == _company_remarks.TRAILING_REMARK.sub("", line)


@pytest.mark.parametrize("name", ["Acme", "Acme Robotics", "Hundred Acres Farm", "Acme Robotics, Inc.", "Acme S.A."])
def test_most_companies_are_read_the_quick_way(name: str) -> None:
    assert companies._is_ordinary(name) or companies._ordinary_in_front(name)
