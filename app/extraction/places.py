"""Place lines of profiles, taken apart: "Utrecht, Utrecht, Netherlands" is a city, a state and a country.

Only what is certain is taken apart; a line that could mean two things stays whole. A last part that can be a state or
province ("San Francisco, CA", "Atlanta, Georgia") is never made a country, unless another part proves that it is one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from app.text.places import country_code, country_name
from app.text.regions import (
    NATIONS,
    is_region,
    is_region_of,
    is_state_code,
    is_well_known_region,
    is_whole_region,
    may_be_region,
)
from app.text.values import fold, says_nothing

__all__ = ["Place", "read_place"]

LONGEST = 300
_POSTCODE = re.compile(r"[ -]+(?=[\w-]*\d)[\w-]{2,}(?: \d[A-Z]{2})?$|^\d[\d -]{2,9} (?:[A-Z]{2} )?")
_BETWEEN = re.compile(r"[,\u3001\uff0c|\u00b7\u2022;]| [-\u2013\u2014/] ")
_BRACKETS = re.compile(r"^([^()]+) \(([^()]+)\)$")
_SOMEHOW = re.compile(r" \((?:fully )?(?:hybrid|remote|on-?site|hybride|remoto|h\u00edbrido|ibrido)\)", re.IGNORECASE)
AMERICAN = ("USA", "US", "U.S.", "U.S.A.", "Canada")
SHORTEST_ADDRESS = 2
SHORTEST_TOWN, LONGEST_TOWN = 4, 40
_DIGIT = re.compile(r"\d")
_AROUND_TOWN = re.compile(
    r"\b(?:greater|area|metro|metroplex|metropolitan|region|umgebung|großraum|région|périphérie|alrededores|dintorni"
    r"|omgeving|omnejd|okolice|arredores|región|região)\b",
    re.IGNORECASE,
)
"""Words of LinkedIn's areas around a town, which are neither the town nor a state."""
_HOUSE_FIRST = re.compile(r"\d{1,2}[a-zA-Z]? [^\W\d]")
_STREET = re.compile(
    r"str\.(?=\s|\Z)|(?:stra(?:ß|ss)e|weg|platz|allee|gasse|damm|ufer|straat|laan|plein|kade|gracht|gade|vej|gatan?|vägen|veien|katu)\b"
    r"|\b(?:st|street|ave|avenue|rd|road|blvd|boulevard|lane|ln|drive|dr|way|square|sq|court|ct|parkway|pkwy|highway|hwy|"
    r"terrace|crescent|close|rue|quai|place|via|viale|piazza|corso|calle|carrer|av|avenida|avda|paseo|plaza|rua|travessa|"
    r"ul|ulica|aleja|cad|caddesi|sok|sokak|suite|ste|floor|fl|level|unit|room|building|bldg|block|house|box|no)\b",
    re.IGNORECASE,
)
NO_PLACES = frozenset(
    (
        *("remote", "hybrid", "on-site", "onsite", "on site", "in office", "wfh", "work from home", "home office"),
        *("homeoffice", "fully remote", "100% remote", "remoto", "hibrido", "presencial", "teletrabajo", "teletravail"),
        *("a distance", "sur site", "hybride", "vor ort", "ibrido", "in sede", "da remoto", "op locatie", "thuiswerk"),
        *("trabajo remoto", "trabalho remoto", "pa distans", "zdalnie", "uzaktan", "remote work", "remote job"),
    )
)
"""Where somebody works from, in the words of LinkedIn and of job boards; folded."""


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
            second a country if it can be nothing else, otherwise the state. A single word that is no country may be a
            city or a region: it is kept as `rest`, unless the country is stated or
            it is a state's name alone.
        country: the country, when another field names it; the line never changes it.
    """
    known = country_name(country)
    code = country_code(country)
    parts = _parts(line, code)
    if not parts:
        return Place(country=known)
    if len(parts) > 1:
        parts = _in_order(parts)
    last = country_code(parts[-1])
    if last == "GB" and fold(parts[-1]) in NATIONS and len(parts) > 1 and code in (None, last):
        known = country_name(last)  # "London, England": the nation is the region
    elif last and (last == code or (not known and _is_country(parts, last))):
        known = known or country_name(parts[-1])
        parts.pop()
        if len(parts) == 1:
            alone = parts[0]
            return Place(None, alone, known) if is_whole_region(alone, last) else Place(alone, None, known)
    elif last and known and not (code and is_region_of(parts[-1], code)) and not may_be_region(parts[-1]):
        return Place(country=known, rest=line)  # another country than the one stated: nothing else is certain
    return _of_parts(parts, known, line)


def _of_parts(parts: list[str], country: str | None, line: str | None) -> Place:
    """The parts before the country: town and region, or nothing that is certain."""
    match parts:
        case []:
            return Place(country=country)
        case [alone] if is_well_known_region(alone) or is_whole_region(alone, country_code(country) or ""):
            return Place(None, alone, country)
        case [alone] if country and _is_town(alone):
            return Place(alone, None, country)
        case [city, state]:
            return Place(city, state, country)
        case [city, _, state] if country and (
            _is_region_of_it(state, country) or not any(map(str.isdigit, line or ""))
        ):
            return Place(city, state, country)  # "Birmingham, West Midlands, England, United Kingdom"
        case _:
            return Place(country=country, rest=line)


def _is_town(text: str) -> bool:
    """Whether a line beside a stated country is a town: `Utrecht`, but not `CA` and no `Greater Chicago Area`."""
    return SHORTEST_TOWN <= len(text) <= LONGEST_TOWN and not _DIGIT.search(text) and not _AROUND_TOWN.search(text)


def _is_region_of_it(text: str, country: str) -> bool:
    code = country_code(country) or ""
    return fold(text) in NATIONS or is_region_of(text, code) or is_whole_region(text, code)


def _parts(line: str | None, country: str | None) -> list[str]:
    text = _SOMEHOW.sub("", (line or "")[:LONGEST]).strip()
    if bracketed := _BRACKETS.match(text):
        text = f"{bracketed[1]}, {bracketed[2]}"
    parts = [part.strip() for part in _BETWEEN.split(text)]
    if len(parts) == 1 and "/" in text and country_code(text.rpartition("/")[2]):
        parts = [part.strip() for part in text.split("/")]
    if "(" in text:
        parts = [piece for part in parts for piece in _out_of_brackets(part)]
    parts = [part for part in parts if part and not _is_no_place(part)]
    while len(parts) > SHORTEST_ADDRESS and _is_street(parts[0]):
        parts.pop(0)
    without = [_POSTCODE.sub("", part).strip() for part in parts]
    parts = [part for part in without if part and not part.isdigit()]
    if len(parts) == 1:
        return _without_commas(parts[0], country)
    if len(parts) == len(("town", "country")) and any(place in AMERICAN for place in parts[1].split()):
        *code, nation = parts[1].split()
        town, _, state = parts[0].rpartition(" ")
        if len(code) == 1 and is_state_code(code[0]):
            return [parts[0], code[0], nation]  # "Los Angeles, CA USA"
        if not code and town and is_state_code(state):
            return [town, state, nation]  # "Los Angeles CA, USA"
    return parts


def _without_commas(text: str, country: str | None) -> list[str]:
    """`Miami FL`, `Austin TX USA`, `Milano MI` beside Italy: town and region with a blank between them."""
    *town, code = text.split()
    if code in AMERICAN and len(town) > 1 and is_state_code(town[-1]):
        return [" ".join(town[:-1]), town[-1], code]
    short = len(code) == len("FL") and code.isupper() and bool(town) and any(map(str.islower, "".join(town)))
    known = is_region_of(code, country) if country else is_state_code(code)
    return [" ".join(town), code] if short and known and not _AROUND_TOWN.search(text) else [text]


def _in_order(parts: list[str]) -> list[str]:
    """The parts with the country last: of `USA, Texas, Austin`, but `Jordan, MN` and `Lebanon, New Hampshire` stay."""
    last = parts[-1]
    if last[-5:] == " Area" and country_code(last[:-5]):
        return [*parts[:-1], last[:-5]]  # "Toronto, Canada Area"
    first = country_code(parts[0])
    if first is None or country_code(last) or len(parts[0]) < len("USA") or may_be_region(last):
        return parts
    return parts if is_region(last) and not is_region_of(last, first) else parts[::-1]


def _out_of_brackets(part: str) -> list[str]:
    """`Montréal (Québec)`, `Milano (MI)` as town and region; `Halle (Saale)` is a town."""
    found = _BRACKETS.match(part)
    return [found[1], found[2]] if found and (is_region(found[2]) or may_be_region(found[2])) else [part]


def _is_street(part: str) -> bool:
    """Whether a part of an address is the street, or where in the house: `77 Sansome St`, `Suite 200`."""
    return bool(_HOUSE_FIRST.match(part) or (_DIGIT.search(part) and _STREET.search(part)))


def _is_no_place(part: str) -> bool:
    """Whether a part of a line says nothing, or how somebody works: `Remote`."""
    return says_nothing(part) or fold(part) in NO_PLACES


def _is_country(parts: list[str], code: str) -> bool:
    """Whether the last part of a line, which is a country's name or code, can be nothing else."""
    if not may_be_region(parts[-1]):
        return True
    # "Toronto, ON, CA", "Utrecht, Utrecht, NL", "Berlin, DE": the part before is a region of that very country.
    return len(parts) > 1 and is_region_of(parts[-2], code)
