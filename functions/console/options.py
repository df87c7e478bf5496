"""Options of the console commands that are more than a text.

Numbers are read as the pages read them, `12,50` refused and not turned into 1250; a column's field as
`app/intake/mapping.py` reads it.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from app.errors import InputError
from app.intake.mapping import Choice, parse_choice
from app.text.numbers import read_amount, read_whole

__all__ = ["amount", "column_choice", "whole"]


def whole(least: int, most: int = 2_000_000_000) -> Callable[[object], int]:
    """A parser for `typer.Option`: a whole number within bounds; thousands may be grouped."""

    def number(value: object) -> int:
        try:
            return read_whole(str(value), "It", least=least, most=most)
        except InputError as error:
            raise typer.BadParameter(str(error)) from None

    return number


def amount(value: object) -> float:
    """A parser for `typer.Option`: a number from 0 on, with or without a fraction.

    Raises:
        typer.BadParameter: it is none, in words.
    """
    try:
        return float(read_amount(str(value), "It"))
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


def column_choice(text: str) -> Choice:
    """One `COLUMN=FIELD` of an option that may be given several times.

    Raises:
        typer.BadParameter: it is none, in words.
    """
    try:
        return parse_choice(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
