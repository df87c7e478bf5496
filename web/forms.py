"""Reading forms: typed values out of what a browser sent, with refusals in the user's words.

Forms are small; files come another way (`web/routes/uploads.py`). NUL is dropped, since PostgreSQL stores none.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from uuid import UUID

from fastapi import Request

from app.errors import InputError

__all__ = ["Form", "as_uuid", "read_form"]

MOST_CREDITS = 1_000_000_000


class Form:
    """The fields of one form, in order; a name may come several times."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self.items = list(items)

    def text(self, name: str, default: str = "") -> str:
        """A field's text without surrounding blanks; the last one when there are several."""
        return next((value for key, value in reversed(self.items) if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of a field, in the order of the page."""
        return [value for key, value in self.items if key == name]

    def optional(self, name: str) -> str | None:
        """A field's text, None when it is empty."""
        return self.text(name) or None

    def integer(self, name: str, label: str, *, least: int = 0, most: int = 2_000_000_000) -> int | None:
        """A whole number, None when the field is empty; thousands may be grouped.

        Raises:
            InputError: it is no number, or out of range.
        """
        text = self.text(name).replace(",", "").replace(" ", "").replace("\u202f", "")
        if not text:
            return None
        if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
            raise InputError(f"{label} must be a whole number.", f"You typed “{self.text(name)[:40]}”.")
        value = int(text)
        if not least <= value <= most:
            raise InputError(f"{label} must be between {least:,} and {most:,}.")
        return value

    def amount(self, name: str, label: str) -> float | None:
        """A number of credits, None when the field is empty.

        Raises:
            InputError: it is no number, or negative.
        """
        text = self.text(name).replace(" ", "")
        if not text:
            return None
        try:
            value = Decimal(text.replace(",", ""))
        except InvalidOperation:
            raise InputError(f"{label} must be a number.", f"You typed “{self.text(name)[:40]}”.") from None
        if not value.is_finite() or value < 0:
            raise InputError(f"{label} must be 0 or more.")
        if value > MOST_CREDITS:
            raise InputError(f"{label} must be {MOST_CREDITS:,} or less.")
        return float(value)


def as_uuid(text: str, otherwise: str, hint: str | None = None) -> UUID:
    """The uid that a field or an address names.

    Raises:
        InputError: with the text `otherwise`, when it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise InputError(otherwise, hint) from None


async def read_form(request: Request) -> Form:
    """The request's form; files in it are left out."""
    form = await request.form()
    return Form((k, v.replace("\x00", "").strip()) for k, v in form.multi_items() if isinstance(v, str))
