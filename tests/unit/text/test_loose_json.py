"""JSON typed by hand: mended where it is certain, else refused with its place; never slow."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clay.answers.bodies import Unreadable, read_body
from app.text.loose_json import LooseJsonError, Mended, read_loose_json
from tests.timing import quickest
from tests.unit.tables import Case, read_table

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
HOSTILE = {
    "open objects": '{"a":',
    "open lists": "[",
    "quotes": '"',
    "inner quotes": 'x "y" ',
    "quote and comma": '", ',
    "quote and name": '","a',
    "single": "'a': ",
    "comments": "/*",
    "line comments": "//",
    "quotes and comments": '"/*',
    "backslashes": "\\",
    "escapes": "\\u00",
    "blanks": " ",
    "placeholders": "{{a",
    "fences": "```\n",
    "members": '"a":1 ',
    "numbers": "1",
}


@pytest.mark.parametrize("case", read_table("bodies"), ids=lambda case: case[0])
def test_a_body_is_read_or_refused_with_its_place(case: Case) -> None:
    text, expected = case
    if expected[0] is None:
        with pytest.raises(Unreadable) as refusal:
            read_body(text)
        assert str(expected[1]) in str(refusal.value)
    else:
        assert read_body(text) == json.loads(expected[0])


@given(values)
def test_json_means_the_same_to_it(value: Any) -> None:
    assert read_loose_json(json.dumps(value)).value == value
    assert read_loose_json(json.dumps(value, ensure_ascii=False, indent=1)).value == value


@given(st.dictionaries(st.text(), st.integers() | st.text(), min_size=1, max_size=4), st.integers(0, 300))
def test_what_is_cut_off_is_never_completed(value: dict[str, Any], cut: int) -> None:
    text = json.dumps(value)
    with pytest.raises(LooseJsonError):
        read_loose_json(text[: min(cut, len(text) - 1)])


@given(st.text(alphabet="{}[]\"\\:, '/*`a1\n", max_size=200))
def test_anything_is_read_or_refused_and_nothing_else(text: str) -> None:
    first = _read(text)
    assert isinstance(first, Mended) or first.line > 0
    again = _read(text)
    assert again == first or str(again) == str(first)


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("frame", ["{}", '{{"a":"{}', '{{"a":"{}"}}', '{{"a":{}', "```\n{}"])
def test_it_takes_time_in_proportion_to_the_length(pattern: str, frame: str) -> None:
    """Twenty times the length takes less than a hundred times as long; a square would take four hundred."""
    body = frame.format(pattern * (100_000 // len(pattern)))
    short = frame.format(pattern * (5_000 // len(pattern)))
    assert _seconds(body) < 100 * max(_seconds(short), 0.0005)


def _read(text: str) -> Mended | LooseJsonError:
    try:
        return read_loose_json(text)
    except LooseJsonError as refusal:
        return refusal


def _seconds(text: str) -> float:
    """The best of three, in processor time: the machine may be busy."""
    return quickest(partial(_read, text) for _ in range(5))


def test_escapes_of_two_halves_are_one_character() -> None:
    assert read_loose_json('{"a": "\\ud83c\\udf31 \\u00e9",}').value == {"a": "\U0001f331 \u00e9"}
