"""Reading forms: typed values out of what a browser sent, with refusals in the user's words.

Forms are small; files come another way (`web/routes/uploads.py`). NUL is dropped, since PostgreSQL stores none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID, uuid4, uuid5

import orjson
from fastapi import Request

from app.errors import InputError
from app.text.numbers import read_amount, read_whole
from app.text.uids import read_uid

__all__ = ["Form", "as_uuid", "read_form"]


class Form:
    """The fields of one form, in order; a name may come several times."""

    def __init__(self, items: Iterable[tuple[str, str]], path: str = "") -> None:
        self.items, self.path = list(items), path

    def text(self, name: str, default: str = "") -> str:
        """A field's text without surrounding blanks; the last one when there are several."""
        return next((value for key, value in reversed(self.items) if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of a field, in the order of the page."""
        return [value for key, value in self.items if key == name]

    def optional(self, name: str) -> str | None:
        """A field's text, None when it is empty."""
        return self.text(name) or None

    def request_key(self) -> UUID:
        """Names what this form wants, so that it happens once however often it is sent.

        It is made of the key that the form was drawn with, of where it goes and of all that was typed: the same form
        changed and sent again, as the Back button allows, is another wish.
        """
        drawn = read_uid(self.text("request_key"))
        if drawn is None:
            return uuid4()
        typed = [item for item in self.items if item[0] not in ("csrf_token", "request_key")]
        return uuid5(drawn, hashlib.sha256(orjson.dumps([self.path, typed])).hexdigest())

    def integer(self, name: str, label: str, *, least: int = 0, most: int = 2_000_000_000) -> int | None:
        """A whole number, None when the field is empty; thousands may be grouped.

        Raises:
            InputError: it is no number, or out of range.
        """
        text = self.text(name)
        return read_whole(text, label, least=least, most=most) if text else None

    def amount(self, name: str, label: str) -> float | None:
        """A number of credits, None when the field is empty; thousands may be grouped.

        Raises:
            InputError: it is no number, negative, or beyond a billion.
        """
        text = self.text(name)
        return float(read_amount(text, label)) if text else None


def as_uuid(text: str, otherwise: str, hint: str | None = None) -> UUID:
    """The uid that a field or an address names.

    Raises:
        InputError: with the text `otherwise`, when it is none.
    """
    uid = read_uid(text)
    if uid is None:
        raise InputError(otherwise, hint)
    return uid


async def read_form(request: Request) -> Form:
    """The request's form; files in it are left out."""
    form = await request.form()
    pairs = ((k, v) for k, v in form.multi_items() if isinstance(v, str))
    return Form(((k.replace("\x00", ""), v.replace("\x00", "").strip()) for k, v in pairs), request.url.path)
