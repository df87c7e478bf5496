"""What a typed number means: plain or grouped by thousands; a doubtful comma is refused, never dropped."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from typer.testing import CliRunner

from app.errors import InputError
from app.text.numbers import read_amount, read_number, read_whole
from functions.console.main import cli
from web.asking.config_forms import ConfigError, form_fields, parse_config
from web.asking.forms import Form


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("1250", "1250"),
        ("1,250", "1250"),
        ("1,250.50", "1250.50"),
        ("1 250", "1250"),
        ("1\u202f250\u202f000.5", "1250000.5"),
        ("12.50", "12.50"),
        (".5", "0.5"),
        ("-3", "-3"),
    ],
)
def test_plain_and_grouped_numbers_are_read(text: str, value: str) -> None:
    assert read_number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        *("12,50", "0,5", "0,500", "1,25", "1.250,50", "1,2345", "12,345,6", "1,250 000"),
        *("1e3", "NaN", "inf", "\u0661\u0662", "", "5.", "1_000", "9" * 50),
    ],
)
def test_what_may_mean_something_else_is_refused(text: str) -> None:
    assert read_number(text) is None


@given(st.decimals(min_value=0, max_value=999_999_999, allow_nan=False, allow_infinity=False, places=2))
def test_a_number_written_with_thousands_reads_as_itself(value: Decimal) -> None:
    assert read_number(f"{value:,}") == read_number(f"{value:f}") == value


def test_a_form_says_how_to_write_a_number() -> None:
    for text in ("12,50", "0,5"):
        with pytest.raises(InputError, match=r"Budget must be a number.*You typed “\d+,\d+”"):
            Form([("budget", text)]).amount("budget", "Budget")
        with pytest.raises(InputError, match="Rows must be a whole number"):
            Form([("rows", text)]).integer("rows", "Rows")
    assert Form([("budget", "1,250.50")]).amount("budget", "Budget") == 1250.5
    assert Form([("rows", "1,250")]).integer("rows", "Rows") == 1250


def test_numbers_stay_within_their_bounds() -> None:
    with pytest.raises(InputError, match="between 1 and 1,000"):
        read_whole("1,001", "Rows", least=1, most=1000)
    with pytest.raises(InputError, match="0 or more"):
        read_amount("-1", "Budget")
    with pytest.raises(InputError, match="1,000,000,000 or less"):
        read_amount("1,000,000,001", "Budget")


class _Config(BaseModel):
    rate: float = 10
    burst: int = 20


def test_a_configs_numbers_follow_the_same_rule() -> None:
    fields = form_fields(_Config.model_json_schema(), {}, [])
    with pytest.raises(ConfigError) as refused:
        parse_config(_Config, fields, Form([("rate", "12,50"), ("burst", "0,5")]), None)
    assert set(refused.value.problems) == {"rate", "burst"}
    assert parse_config(_Config, fields, Form([("rate", "2.5"), ("burst", "1,250")]), None) == {
        "rate": 2.5,
        "burst": 1250,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["launch", __file__, "--client", "x", "--pipeline", "y", "--sample", "12,50"],
        ["demo", "--rows", "0,5"],
        ["clay-sandbox", "--rate", "12,50"],
        ["clay-sandbox", "--burst", "nan"],
    ],
)
def test_the_command_line_refuses_a_doubtful_comma_in_words(arguments: list[str]) -> None:
    answer = CliRunner().invoke(cli, arguments)
    assert answer.exit_code == 2
    assert "a point before the" in " ".join(answer.output.split())
