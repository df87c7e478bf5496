"""One logging set-up for every process: web, engine, workers and console say what they do in the same way.

Python's own `logging` underneath; a line is JSON where a program collects it (on Modal, in a service's journal) and
plain text on a terminal. Batch, item, step and workflow stand beside every line written inside `log_context`. Whatever
is written, secrets and personal addresses are masked on the way out: a webhook's URL, a callback's token, a password.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson
from pydantic import SecretStr

from app.errors import SettingsError
from app.settings import settings_read_last

__all__ = ["FORMATS", "JsonFormatter", "TextFormatter", "log_context", "mask", "mask_logger", "set_up_logging"]

FORMATS = ("json", "text")
LEVELS = {name: getattr(logging, name.upper()) for name in ("debug", "info", "warning", "error")}
NAMED = ("client", "upload", "batch", "step", "workflow", "item", "attempt", "callback", "verdict")
"""What a line may carry beside its text, by `log_context(…)` or `extra={…}`."""

LONGEST_MESSAGE = 4_000
LONGEST_TRACEBACK = 12_000
SHORTEST_SECRET = 6
"""A shorter value would mask ordinary words as well, and protects nothing."""
NOISY = ("httpx", "httpcore", "hpack", "asyncio", "uvicorn", "python_multipart", "multipart", "PIL")
"""Libraries that report every request at level INFO."""

_context: ContextVar[dict[str, Any] | None] = ContextVar("log_context", default=None)

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Whole tokens first: what they look like says what they are, wherever they stand.
    (re.compile(r"\bsb_(secret|publishable)_[\w-]+"), r"sb_\1_…"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]+)?"), "eyJ…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+(?!realm\b)[\w.~+/=-]{6,}"), r"\1 …"),
    (re.compile(r"(/(?:clay/[^/\s?\"']+|share))/[^/\s?\"']+"), r"\1/…"),
    # Of an address, the host is enough to know whom it is about; our own functions keep their names.
    (
        re.compile(
            r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/@\"'<>]*@)?([^\s/?#\"'<>]+)((?:/(?:rest|auth)/v1(?:/\w+)*)?)"
            r"[^\s\"'<>)]*",
            re.IGNORECASE,
        ),
        r"\1\2\3/…",
    ),
    # name=value and "name": "value", as forms, headers, JSON, Python and connection strings write it.
    (
        re.compile(
            r"(?i)([\"']?\b[\w-]*(?:password|passwd|secret|token|api[_-]?key|apikey|signing_key|authorization"
            r"|webhook_url|webhook[_-]auth)\w*[\"']?\s*[:=]\s*)(?!None\b|null\b)(\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)"
        ),
        r"\1…",
    ),
    (re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), "input_value=…"),
    (re.compile(r"(Key \(.*?\)=)\(.*?\)(?= (?:already|is|conflicts))", re.DOTALL), r"\1(…)"),
    (re.compile(r"(Failing row contains )\(.*?\)(?=[ .]|$)", re.DOTALL), r"\1(…)"),
    (re.compile(r"(?i)\b((?:set-)?cookie[\"']?\s*[:=]\s*).*"), r"\1…"),
    (re.compile(r"[\w.+-]+(@|%40)((?:[\w-]+\.)+[a-z]{2,})", re.IGNORECASE), r"…\1\2"),
)


def set_up_logging(part: str, *, form: str | None = None) -> None:
    """Send everything that this process logs to standard error, one line each.

    `LEADLOOM_LOG` chooses `json` or `text`. Without it: JSON on Modal and where standard error is no terminal, text
    otherwise; a caller that speaks to a person names its `form`. `LEADLOOM_LOG_LEVEL` chooses the least that is
    written: `info` in JSON, `warning` in text where it says nothing. Repeating the call changes what was set.

    Args:
        part: which process this is: web, engine, console.
        form: what to write where `LEADLOOM_LOG` says nothing.

    Raises:
        SettingsError: one of the two variables says something else.
    """
    chosen = _chosen("LEADLOOM_LOG", FORMATS) or form or _usual_form()
    level = LEVELS[_chosen("LEADLOOM_LOG_LEVEL", tuple(LEVELS)) or ("info" if chosen == "json" else "warning")]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(part) if chosen == "json" else TextFormatter(part))
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known.formatter, _Masked)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    mask_logger("uvicorn.access")
    for name in NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    if chosen == "json":
        sys.excepthook = _log_uncaught


@contextlib.contextmanager
def log_context(**names: Any) -> Iterator[None]:
    """Every line that is logged inside carries these names; None stands for "not known" and is left out.

    Args:
        **names: some of `NAMED`; an inner block adds to the outer one's.
    """
    known = {name: value for name, value in names.items() if value is not None}
    token = _context.set({**(_context.get() or {}), **known})
    try:
        yield
    finally:
        _context.reset(token)


def mask(text: str) -> str:
    """The text without what nobody may read in a log.

    Masked are this installation's own secrets, tokens of any kind, values of fields that are named like secrets, paths
    and user parts of addresses, and the name in front of an e-mail address.
    """
    for secret in _own_secrets():
        text = text.replace(secret, "…")
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def _own_secrets() -> list[str]:
    """The values of this process's settings, once they have been read; asking never reads them."""
    known = settings_read_last()
    if known is None:
        return []
    values = (getattr(known, name) for name in type(known).model_fields)
    secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)] + [*known.signing_keys]
    return [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]


def _chosen(variable: str, choices: tuple[str, ...]) -> str:
    value = os.environ.get(variable, "").strip().lower()
    if value and value not in choices:
        raise SettingsError(f"{variable} is {value!r}.", f"Set it to one of {', '.join(choices)}, or leave it out.")
    return value


def _usual_form() -> str:
    return "json" if os.environ.get("MODAL_IS_REMOTE") == "1" or not sys.stderr.isatty() else "text"


class _Masked(logging.Formatter):
    """What both forms share: the record's text, its names and its traceback, masked and bounded."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    @staticmethod
    def message(record: logging.LogRecord) -> str:
        return mask(record.getMessage()[:LONGEST_MESSAGE])

    @staticmethod
    def names(record: logging.LogRecord) -> dict[str, Any]:
        """Batch, step and so on, in one order: of the context, then of this very line."""
        known = {**(_context.get() or {}), **{name: getattr(record, name) for name in NAMED if hasattr(record, name)}}
        return {name: known[name] for name in NAMED if known.get(name) is not None}

    def traceback(self, record: logging.LogRecord) -> str | None:
        """The end of the traceback, where the reason is."""
        if not record.exc_info or record.exc_info[0] is None:
            return None
        return mask(self.formatException(record.exc_info)[-LONGEST_TRACEBACK:])


class JsonFormatter(_Masked):
    """One JSON object a line: time, level, part, logger, message, what is known beside, error and traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self.part,
            "logger": record.name,
            "message": self.message(record),
            **{name: mask(value) if isinstance(value, str) else value for name, value in self.names(record).items()},
        }
        if (trace := self.traceback(record)) is not None and record.exc_info and record.exc_info[0]:
            line |= {"error": record.exc_info[0].__name__, "traceback": trace}
        return orjson.dumps(line, default=str).decode()


class TextFormatter(_Masked):
    """One line for people: level, logger, message, and in brackets what is known beside."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as text; a line break inside a message starts no line of its own."""
        message = self.message(record).replace("\r", "\\r").replace("\n", "\\n")
        names = " ".join(f"{name}={mask(str(value))}" for name, value in self.names(record).items())
        line = f"{record.levelname} {record.name}: {message}" + (f" ({names})" if names else "")
        trace = self.traceback(record)
        return f"{line}\n{trace}" if trace else line


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("leadloom").critical("This process ends with an error.", exc_info=(kind, error, trace))


class _MaskedArguments(logging.Filter):
    """Masks a record's arguments before any handler sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            plain = (int, float, type(None))
            record.args = tuple(arg if isinstance(arg, plain) else mask(str(arg)) for arg in record.args)
        return True


_masked_arguments = _MaskedArguments()


def mask_logger(name: str) -> None:
    """Mask what this logger writes for whatever handler it has, ours or another's; a second call adds nothing.

    For libraries whose lines hold secrets by nature: httpx logs whole URLs, uvicorn's access lines every path.
    """
    logging.getLogger(name).addFilter(_masked_arguments)
