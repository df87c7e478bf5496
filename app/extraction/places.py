"""Place lines of profiles, taken apart: "Utrecht, Utrecht, Netherlands" is a city, a state and a country.

Only what is certain is taken apart; a line that could mean two things stays whole, and the country is still found.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from app.text.places import country_code, country_name

__all__ = ["Place", "read_place"]


class Place(NamedTuple):
    """A place taken apart; `rest` is the line as it came where it could not be."""

    city: str | None = None
    state: str | None = None
    country: str | None = None
    rest: str | None = None


@lru_cache(maxsize=16_384)
def read_place(line: str | None, country: str | None = None) -> Place:
    """Take a line such as "Utrecht, Utrecht, Netherlands" apart.

    Args:
        line: the place in words. With three parts the middle one is the state; with two, the first is the city and the
            second a country if it is one, otherwise the state. A single word that is no country may be a city or a
            region: it is kept as `rest`.
        country: the country, when another field names it.
    """
    known = country_name(country)
    parts = [part.strip() for part in (line or "").split(",") if part.strip()]
    if parts and (country_name(parts[-1]) == known if known else country_code(parts[-1])):
        known = country_name(parts.pop())
        if len(parts) == 1:
            return Place(parts[0], None, known)
    match parts:
        case []:
            return Place(country=known)
        case [city, state]:
            return Place(city, state, known)
        case _:
            return Place(country=known, rest=line)
