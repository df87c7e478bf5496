"""The one place where an error becomes a line for a person and an exit code, for `leadloom` and `modal run` alike.

What Leadloom raises on purpose has its words; they are printed without a traceback. A function that runs in Modal hands
them back as a value, because an exception would bring its traceback across.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, ParamSpec

from rich.text import Text

from app.errors import LeadloomError
from functions.console.output import console
from migrations.history import MigrationError

__all__ = ["answered", "answering", "plainly"]

P = ParamSpec("P")
SAID = (LeadloomError, MigrationError)
"""What has words for a person."""


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """End the process with exit code 1 and one line on standard error where Leadloom says what is wrong.

    Raises:
        SystemExit: it did.
    """
    try:
        yield
    except SAID as error:
        console.print(Text(str(error), style="red"), soft_wrap=True)
        raise SystemExit(1) from None


def answering(function: Callable[P, Awaitable[Any]]) -> Callable[P, Coroutine[Any, Any, dict[str, Any]]]:
    """Let a function that runs in Modal answer `{"answer": …}`, or `{"error": …}` with what can be put right."""

    @functools.wraps(function)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        try:
            return {"answer": await function(*args, **kwargs)}
        except SAID as error:
            return {"error": str(error)}

    return answer


def answered(answer: dict[str, Any]) -> Any:
    """What a function in Modal answered.

    Raises:
        LeadloomError: it said what is wrong.
    """
    if "error" in answer:
        raise LeadloomError(answer["error"])
    return answer["answer"]
