"""How values are written on the pages: numbers, times, durations, sizes, credits, names of states.

Registered as Jinja filters by `web.drawing.pages`. Times come out of SQL as ISO 8601 text; what people read is
relative, with the exact time in the title. `static/js/app.js` keeps the relative ones moving by the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import orjson
from markupsafe import Markup

from app.text.field_names import field_label, in_words
from app.text.numbers import plural, read_digits

__all__ = ["FILTERS", "HOLDS", "STATES", "credits", "day", "parse_time"]

STATES: dict[str, tuple[str, str]] = {
    # bucket or state: (icon, words)
    "pending": ("circle-dashed", "Pending"),
    "held": ("pause", "Held"),
    "retrying": ("rotate-cw", "Retrying"),
    "running": ("loader", "Running"),
    "waiting": ("hourglass", "Waiting for callback"),
    "completed": ("circle-check", "Completed"),
    "not_found": ("search", "Not found"),
    "skipped": ("skip-forward", "Skipped"),
    "failed": ("circle-x", "Failed"),
    "cancelled": ("ban", "Cancelled"),
    "active": ("loader", "In progress"),
    "paused": ("pause", "Paused"),
    "ready": ("circle-check", "Ready"),
    "receiving": ("loader", "Reading"),
    "in_progress": ("loader", "Running"),
}
HOLDS: dict[str, str] = {"budget": "Waiting for budget", "no_address": "No callback URL yet"}
"""Why a step is held, in a few words."""

NOTHING = "\u2013"
"""Stands where there is no value."""

MINUTE, HOUR, DAY = 60, 3600, 86400
UNITS = ("B", "kB", "MB", "GB", "TB")


def num(value: Any) -> str:
    """1234567 → 1,234,567."""
    return NOTHING if value is None else f"{int(value):,}"


def percent(part: Any, whole: Any) -> str:
    """A share in words that never claim 0 % or 100 % falsely."""
    if not whole:
        return NOTHING
    share = float(part) / float(whole)
    if 0 < share < 0.01:  # noqa: PLR2004 -- one per cent
        return "<1 %"
    return f"{math.floor(share * 100)} %"


def credits(value: Any) -> str:  # noqa: A001 -- the word the pages use; the builtin of that name is for the prompt
    """1234.5 → 1,234.5 credits."""
    amount = Decimal(str(value or 0)).quantize(Decimal("0.01"))
    text = f"{amount:,.2f}".rstrip("0").rstrip(".")
    return f"{text} credit" if text == "1" else f"{text} credits"


def filesize(value: Any) -> str:
    """Bytes in the unit that reads best."""
    size = float(value or 0)
    for unit in UNITS:
        if size < 1000 or unit == UNITS[-1]:  # noqa: PLR2004 -- SI units
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return ""


def parse_time(value: Any) -> datetime | None:
    """ISO 8601 text, or a datetime, as an aware datetime."""
    if value is None or value in ("", "infinity", "-infinity"):
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def duration(seconds: Any) -> str:
    """Seconds as people say them: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    if seconds is None:
        return NOTHING
    s = float(seconds)
    if s < 10:  # noqa: PLR2004 -- below ten seconds, tenths tell
        return f"{max(s, 0):.1f}".removesuffix(".0") + " s"
    if s < MINUTE:
        return f"{s:.0f} s"
    if s < HOUR:
        return f"{int(s // MINUTE)} min" + (f" {int(s % MINUTE)} s" if s < 10 * MINUTE and s % MINUTE >= 1 else "")
    if s < DAY:
        return f"{int(s // HOUR)} h" + (f" {int(s % HOUR // MINUTE)} min" if s % HOUR >= MINUTE else "")
    return f"{int(s // DAY)} d" + (f" {int(s % DAY // HOUR)} h" if s % DAY >= HOUR else "")


def between(start: Any, end: Any) -> str:
    """How long it took from one time to the other."""
    first, last = parse_time(start), parse_time(end)
    return NOTHING if first is None or last is None else duration((last - first).total_seconds())


def relative(moment: datetime, now: datetime) -> str:
    """Just now, 4 min ago, in 2 h, 3 d ago; from a month on, the date."""
    s = (now - moment).total_seconds()
    size = abs(s)
    if size < 10:  # noqa: PLR2004
        return "just now"
    if size >= 30 * DAY:
        return f"{moment:%-d %b %Y}"
    for limit, unit, word in ((MINUTE, 1, "s"), (HOUR, MINUTE, "min"), (DAY, HOUR, "h"), (30 * DAY, DAY, "d")):
        if size < limit:
            text = f"{int(size // unit)} {word}"
            break
    return f"in {text}" if s < 0 else f"{text} ago"


def ago(value: Any) -> Markup | str:
    """A `<time>` that says how long ago; the exact time is in its title."""
    moment = parse_time(value)
    if moment is None:
        return NOTHING
    moment = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC" data-ago>{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment:%Y-%m-%d %H:%M:%S}", relative(moment, datetime.now(UTC))
    )


def clock(value: Any) -> Markup | str:
    """A `<time>` with date and time."""
    moment = parse_time(value)
    if moment is None:
        return NOTHING
    moment = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="UTC">{}</time>').format(
        moment.isoformat(timespec="milliseconds"), f"{moment:%Y-%m-%d %H:%M:%S}"
    )


def day(value: Any) -> str:
    """A date: 3 Nov 2026."""
    moment = parse_time(value)
    return NOTHING if moment is None else f"{moment.astimezone(UTC):%-d %b %Y}"


def list_result(result: dict[str, Any]) -> str:
    """What came of a list of customers: `3 customers added, 1 already known.` and the lines that say nothing."""
    known = result["given"] - result["added"] - result["changed"]
    parts = [f"{plural(result['added'], 'customer')} added"]
    parts += [f"{result['changed']:,} updated"] if result["changed"] else []
    parts += [f"{known:,} already known"] if known > 0 else []
    parts += [f"{result['removed']:,} removed"] if result["removed"] else []
    text = ", ".join(parts) + "."
    if result["unread"]:
        examples = "; ".join(line[:60] for line in result["examples"][:5])
        text += f" {plural(result['unread'], 'line')} without a domain, LinkedIn page or name: {examples}."
    return text


def pretty_json(value: Any) -> str:
    """JSON, indented, keys in the order they came."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


LONGEST_TIMEOUT = 999_999_999


def timeout(value: Any) -> str:
    """A time-out as typed, in words; text that is no number stays as it is."""
    seconds = read_digits(str(value), most=LONGEST_TIMEOUT)
    return str(value) if seconds is None else f"{duration(seconds)} each"


def host(url: Any) -> str:
    """The host of a web address: enough to recognise it, too little to use it."""
    return urlsplit(str(url)).hostname or ""


FILTERS: dict[str, Callable[..., Any]] = {
    "num": num,
    "percent": percent,
    "credits": credits,
    "filesize": filesize,
    "duration": duration,
    "timeout": timeout,
    "between": between,
    "ago": ago,
    "clock": clock,
    "day": day,
    "field": field_label,
    "in_words": in_words,
    "list_result": list_result,
    "plural": plural,
    "pretty_json": pretty_json,
    "host": host,
}
