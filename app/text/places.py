"""Countries as people write them: `NL`, `Nederland`, `The Netherlands` are one.

`split_raw` needs the code to read national phone numbers and the name for the `country` column. Country names in many
languages come with `phonenumbers` (its locale data, from Java's); they are loaded when a name is met that is not in
English or a common short form.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from app.text._casing import is_shouted, is_whispered, recase
from app.text.values import clean_text, fold

__all__ = ["country_code", "country_name", "place_name"]

# Written where the locale data has an older or longer name, or none.
NAMES = {
    "BO": "Bolivia",
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "CI": "Ivory Coast",
    "CV": "Cape Verde",
    "HK": "Hong Kong",
    "MK": "North Macedonia",
    "MM": "Myanmar",
    "MO": "Macau",
    "PS": "Palestine",
    "SZ": "Eswatini",
    "TL": "Timor-Leste",
    "VA": "Vatican City",
}

LANGUAGES = (
    *("es", "pt", "fr", "de", "it", "nl", "sv", "da", "nb", "pl", "cs", "ru", "uk", "tr", "ro", "fi", "hu", "el"),
    *("id", "ja", "ko", "zh", "ar", "he", "th", "vi"),
)
"""Languages whose names of countries are taken from CLDR as well, which follows what countries call themselves."""

SHORT = 3
"""Letters of a name that may be an abbreviation."""

CODED = re.compile(r"[A-Z]{2}-[A-Z\d]{1,3}|CDMX")
"""Codes of regions that are longer than `SHORT`: ISO 3166-2, and Mexico's capital."""

LONGEST = 300
"""Letters; no town or country has as many."""

ALIASES = {
    "usa": "US",
    "u s": "US",
    "u s a": "US",
    "america": "US",
    "united states of america": "US",
    "uk": "GB",
    "u k": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "holland": "NL",
    "uae": "AE",
    "u a e": "AE",
    "emirates": "AE",
    "korea": "KR",
    "republic of korea": "KR",
    "korea republic of": "KR",
    "russian federation": "RU",
    "czechia": "CZ",
    "turkiye": "TR",
    "viet nam": "VN",
    "prc": "CN",
    "p r china": "CN",
    "pr china": "CN",
    "peoples republic of china": "CN",
    "mainland china": "CN",
    "hong kong sar": "HK",
    "macedonia fyrom": "MK",
    "cote divoire": "CI",
    "ksa": "SA",
    "republic of ireland": "IE",
    "eire": "IE",
    "brasil": "BR",
    "taiwan roc": "TW",
    "burma": "MM",
    "swaziland": "SZ",
    "macedonia": "MK",
    "espana": "ES",
    "deutschland": "DE",
}


@lru_cache(maxsize=4_096)
def country_code(text: str | None) -> str | None:
    """The ISO 3166 code of a country written in nearly any way; None when it is none that is known."""
    cleaned = clean_text(text)
    if cleaned is None or len(cleaned) > LONGEST:
        return None
    key = " ".join(re.sub(r"[^\w\s]", " ", fold(cleaned).replace("'", "").replace("\u2019", "")).split())
    key = key.removeprefix("the ")
    if key in ALIASES:
        return ALIASES[key]
    if len(key) == 2 and key.upper() in _names():  # noqa: PLR2004 -- an ISO code
        return key.upper()
    return _codes().get(key)


@lru_cache(maxsize=4_096)
def country_name(text: str | None) -> str | None:
    """The English name of a country written in nearly any way; what is not recognised stays as it is written."""
    code = country_code(text)
    return _names()[code] if code else clean_text(text)


@lru_cache(maxsize=4_096)
def place_name(text: str | None) -> str | None:
    """A town's name; put in careful capitals where it is written in one case (`RIO DE JANEIRO`, but `NYC`)."""
    name = clean_text(text)
    if name and CODED.fullmatch(name):
        return name
    if name and SHORT < len(name) <= LONGEST and (is_shouted(name) or is_whispered(name)):
        return recase(name)
    return name


@cache
def _names() -> dict[str, str]:
    """English names by code."""
    return {code: NAMES.get(code) or names["aa"] for code, names in _locale_data().items()}


@cache
def _codes() -> dict[str, str]:
    """Codes by folded name, in every language; an English name wins over another country's foreign one."""
    from babel import Locale  # noqa: PLC0415 -- as below

    codes: dict[str, str] = {}
    for code, names in _locale_data().items():
        for name in names.values():
            if not name.startswith("*"):
                codes.setdefault(_key(name), code)
    known = _names()
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in known and len(name) > SHORT:
                codes.setdefault(_key(name), code)
    return codes | {_key(name): code for code, name in _names().items()}


def _key(name: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", fold(name).replace("'", "").replace("\u2019", "")).split())


def _locale_data() -> dict[str, dict[str, str]]:
    from phonenumbers.geodata.locale import LOCALE_DATA  # noqa: PLC0415 -- a quarter of a second and 250 countries

    data: dict[str, dict[str, str]] = LOCALE_DATA
    return data
