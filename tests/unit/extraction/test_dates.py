"""Dates and periods of work histories, case by case, and what holds for all of them."""

from __future__ import annotations

from functools import partial

import pytest
from babel import Locale
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.extraction._date_words import LANGUAGES
from app.extraction.dates import PartialDate, is_present, read_date, split_range
from tests.timing import quickest
from tests.unit.tables import Case, read_table

NOT_PRESENT = "left|unknown|2018|Dec 2018|no|former|ended|past|n/a|-||presently unknown|nunca"


@pytest.mark.parametrize("case", read_table("dates"), ids=lambda case: case[0])
def test_dates(case: Case) -> None:
    given_text, [expected, *doubt] = case
    found, why = read_date(given_text)
    assert (str(found) if found else None, bool(why)) == (expected, bool(doubt))


@pytest.mark.parametrize("case", read_table("date_ranges"), ids=lambda case: case[0])
def test_periods(case: Case) -> None:
    text, [begin, end] = case
    assert split_range(text) == ((begin, end) if begin else (text, None))


@pytest.mark.parametrize("words", [given for given, _ in read_table("present")])
def test_words_for_still_there(words: str) -> None:
    assert is_present(words)


@pytest.mark.parametrize("words", NOT_PRESENT.split("|"))
def test_other_words_do_not_mean_still_there(words: str) -> None:
    assert not is_present(words)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"month": 7, "year": 2021}, "2021-07"),
        ({"Year": "2021", "Month": "juil.", "Day": 0}, "2021-07"),
        ({"year": 2021.0, "month": 7.0}, "2021-07"),
        ({"label": "Dec 2018"}, "2018-12"),
        ({"date": {"year": 2018}}, "2018"),
        ({"$date": "2018-12-31T00:00:00Z"}, "2018-12-31"),
        (["2018"], "2018"),
        ([{"year": 2018}], "2018"),
        (201812, "2018-12"),
        (20181231, "2018-12-31"),
        (43465, "2018-12-31"),
        (43465.0, "2018-12-31"),
    ],
)
def test_dates_that_are_objects_lists_and_numbers(value: object, expected: str) -> None:
    found, why = read_date(value)
    assert (str(found), why) == (expected, None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_name_of_every_language_is_that_month(language: str) -> None:
    names = Locale.parse(language).months
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in names[context][width].items():
                assert read_date(f"{name} 2019") == (PartialDate(2019, number), None), (name, context, width)


parts = st.sampled_from(
    ["2019", "31", "12", "'18", "Dec", "déc.", "de", "-", "\u2013", "/", "Q3", "Summer", "to", "x", ",", "(", "年"]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(parts, max_size=8).map(" ".join) | st.text(max_size=40))
@example("- - 2019")
@example("9999")
def test_nothing_stated_disappears_and_reading_twice_is_the_same(text: str) -> None:
    found, why = read_date(text)
    assert (found, why) == read_date(text)
    if found is not None:
        assert read_date(str(found)) == (found, None)
    elif why is None:
        nothing = text.strip().lower() in WORDS_FOR_NOTHING or text.startswith("9999")  # databases' "without an end"
        assert nothing or not any(char.isalnum() and char != "0" for char in text)


WORDS_FOR_NOTHING = ("null", "none", "nil", "undefined", "nan", "nat", "n/a", "\\n", "t", "z")


@pytest.mark.parametrize("unit", [" ", "- ", "1-", "Jan ", "(", "·", "2019 - ", "\u2013", "0"])
def test_long_texts_cost_nothing(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    for read in (read_date, split_range, is_present):
        assert quickest(partial(read, f"{text}{attempt}") for attempt in range(5)) < 0.02
