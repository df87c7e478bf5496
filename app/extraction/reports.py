"""What readers of payloads say about what they could not read, and how one that fails costs its own field alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import orjson

__all__ = ["Report", "careful", "shown"]

SHOWN = 160

log = logging.getLogger(__name__)
T = TypeVar("T")
P = ParamSpec("P")


class Report:
    """What could not be read, or contradicts itself: one line per field, with the value as far as it can be shown.

    `unread` names the keys of the record that no reader knows; they are in the payload, and nowhere else. `defects` are
    those of the lines that are a reader's own failure: a better reader may make something of the value. `recognised`
    says that a record was understood at least in part, be it in fields that a workflow does not write.
    """

    __slots__ = ("defects", "lines", "recognised", "unread")

    def __init__(self) -> None:
        self.lines: dict[str, dict[str, str]] = {}
        self.defects: dict[str, dict[str, str]] = {}
        self.unread: list[str] = []
        self.recognised = False

    def doubt(self, field: str, value: Any, why: str) -> None:
        """Note that `value` of `field` was not, or not fully, understood. The first word on a field stands."""
        self.lines.setdefault(field, {"value": shown(value), "why": why})

    def defect(self, field: str, value: Any, error: Exception) -> None:
        """Note that a reader failed on `value`, and that `field` is left out for it."""
        log.warning("The reader of %s failed: %s", field, type(error).__name__)
        why = f"the reader failed on it ({type(error).__name__})"
        self.defects.setdefault(field, {"value": shown(value), "why": why})
        self.doubt(field, value, why)


def shown(value: Any) -> str:
    """A value in a few words: JSON, cut to a length that fits a page."""
    if value.__class__ is str:
        text = value[: SHOWN + 1]
    else:
        try:
            text = orjson.dumps(value).decode()
        except (TypeError, ValueError, RecursionError):
            text = type(value).__name__
    # The database stores no NUL and no lone surrogate.
    text = text[:SHOWN] + "…" if len(text) > SHOWN else text
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def careful(otherwise: Any, field: str | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a reader of one field that never raises: where it fails, the field is left out with a doubt.

    Args:
        otherwise: what the reader returns then.
        field: what the report calls the field; by default the reader's own argument `field`. The reader's first
            argument is the value, and one of the others is the `Report`.
    """

    def guarded_by(read: Callable[P, T]) -> Callable[P, T]:
        position = list(signature(read).parameters).index("field") if field is None else None

        @wraps(read)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return read(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this field alone
                given = [*args, *kwargs.values()]
                report = next(value for value in given if isinstance(value, Report))
                report.defect(str(field if position is None else given[position]), given[0], error)
                nothing: T = otherwise
                return nothing

        return guarded

    return guarded_by
