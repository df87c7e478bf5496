"""States, provinces and cantons as people write them behind a town: `CA`, `Georgia`, `ON`.

Their two letters are often a country's as well (Boston, MA is not in Morocco). Place lines are read with this, so that
no country is made of what can be a region. Names and codes are ISO 3166-2, from package `pycountry`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from app.text.values import fold

__all__ = [
    "NATIONS",
    "is_region",
    "is_region_of",
    "is_state_code",
    "is_well_known_region",
    "is_whole_region",
    "may_be_region",
]

WRITTEN_SHORT = ("US", "CA", "BR", "IN", "AU", "IT", "CH")
"""Countries where the region's code is written behind the town: "Austin, TX", "Recife, PE", "Bergamo, BG"."""

COUNTRIES_FIRST = frozenset(("uk",))
"""Codes that mean the country everywhere, though ISO gives them to a region as well (Uttarakhand)."""

NAMED_LIKE_COUNTRIES = frozenset(("georgia", "granada"))
"""Regions with a country's name that are better known than the country, or as well. (Others, such as Niger in Nigeria
or Luxembourg in Belgium, are not; Puerto Rico and its like are one place under two codes.)"""

NATIONS = frozenset(("england", "scotland", "wales", "northern ireland"))
"""Names that stand for a country, and are what profiles print as the region of a British town."""

WHOLE = frozenset(
    (
        *(("US", "State"), ("CA", "Province"), ("CA", "Territory"), ("AU", "State"), ("IN", "State"), ("BR", "State")),
        *(("DE", "Land"), ("AT", "State"), ("NL", "Province"), ("ES", "Autonomous community"), ("IT", "Region")),
        *(("IT", "Autonomous region"), ("FR", "Metropolitan region"), ("PL", "Voivodship"), ("BE", "Region")),
        *(("ZA", "Province"), ("MY", "State"), ("FR", "Metropolitan department"), ("GB", "Two-tier county")),
        *(("NO", "County"), ("DK", "Region")),
    )
)
"""Countries and the kind of region that a place line can consist of: "California, United States"."""

_KINDS = re.compile(
    r"^(?:state|province|county|canton|emirate|governorate|prefecture|provincia|provincie|estado|departamento|comunidad"
    r"|wojewodztwo) (?:of|de|del|di|do|da|d|autonoma de) \S"
    r"|^(?:county|kanton|canton|wojewodztwo|landkreis|bundesland|provincia|provincie|provinz) \S"
    r"|\S (?:state|province|county|oblast|krai|voivodeship|prefecture|governorate|lan|fylke|megye)$"
    r"|[^\W\d][都道府県省州]$"
)
"""What a name itself says to be a region: `Lagos State`, `County Cork`, `Provincia de Alicante`, `東京都`; folded."""

TOWNS = frozenset(
    (
        "new york",
        "berlin",
        "hamburg",
        "bremen",
        "wien",
        "salzburg",
        "utrecht",
        "groningen",
        "sao paulo",
        "rio de janeiro",
        "oslo",
        "melaka",
    )
)
"""Regions with the name of a town that is better known."""

TOWNS_TOO = frozenset(
    (
        "washington",
        "quebec",
        "victoria",
        "madrid",
        "murcia",
        "lima",
        "goa",
        "limburg",
        "valencia",
        "delhi",
        "chandigarh",
    )
)
"""Regions that may be the town where they stand alone."""

ENGLISH = {
    **dict.fromkeys(
        (
            *("bavaria", "lower saxony", "saxony", "saxony anhalt", "hesse", "thuringia", "north rhine westphalia"),
            *("rhineland palatinate", "mecklenburg western pomerania"),
        ),
        "DE",
    ),
    **dict.fromkeys(("tyrol", "styria", "carinthia", "upper austria", "lower austria"), "AT"),
    **dict.fromkeys(("north holland", "south holland", "north brabant", "friesland"), "NL"),
    **dict.fromkeys(
        ("andalusia", "catalonia", "basque country", "valencian community", "community of madrid", "canary islands"),
        "ES",
    ),
    **dict.fromkeys(("tuscany", "lombardy", "piedmont", "sicily", "sardinia", "apulia", "aosta valley"), "IT"),
    **dict.fromkeys(("brittany", "normandy", "burgundy", "corsica", "occitania", "ile de france"), "FR"),
    **dict.fromkeys(("flanders", "wallonia", "flemish region", "walloon region", "brussels region"), "BE"),
    **dict.fromkeys(("ticino", "tessin", "vaud", "valais", "wallis", "aargau", "thurgau"), "CH"),
    **dict.fromkeys(("jalisco", "nuevo leon", "baja california", "quintana roo", "estado de mexico", "sinaloa"), "MX"),
    **dict.fromkeys(("algarve", "alentejo"), "PT"),
    **dict.fromkeys(("west java", "east java", "central java"), "ID"),
    **dict.fromkeys(("silesia", "masovia", "mazowieckie", "lesser poland", "greater poland"), "PL"),
}
"""Regions by the English names that profiles print; pycountry has those of the country."""


_SIGNS = str.maketrans("-'\u2019\u2018\u00b4`", " " * 6)


def _key(text: str) -> str:
    """A region's name as names are compared: `Provence-Alpes-Côte d'Azur` has hyphens and apostrophes of many kinds."""
    return fold(text.strip()).translate(_SIGNS)


def is_whole_region(text: str, country: str) -> bool:
    """Whether a text before a country (ISO code) is a state or the like, and no town's name as well."""
    key = _key(text)
    if (country == "GB" and key in NATIONS) or _KINDS.search(key):
        return True
    return key not in TOWNS and (country in _whole_names().get(key, ()) or ENGLISH.get(key) == country)


@cache
def _whole_names() -> dict[str, frozenset[str]]:
    return _by(lambda region: _key(region.name), lambda found: (found.country_code, found.type) in WHOLE)


def is_well_known_region(text: str) -> bool:
    """Whether a text alone is a state or the like that is no town and no country as well: `California`, `Bavaria`."""
    key = _key(text)
    if key in TOWNS or key in TOWNS_TOO or key in NAMED_LIKE_COUNTRIES:
        return False
    return len(key) > 3 and (key in ENGLISH or len(_whole_names().get(key, ())) == 1)  # noqa: PLR2004 -- no code


def may_be_region(text: str) -> bool:
    """Whether what is a country's name or code can be a region behind a town as well."""
    key = fold(text.strip())
    return key in NAMED_LIKE_COUNTRIES or (key not in COUNTRIES_FIRST and bool(_short_codes().get(key)))


def is_state_code(text: str) -> bool:
    """Whether a text is the code of a US state or a Canadian province in capitals: `FL`, `ON`."""
    return text.isupper() and bool(_all_codes().get(fold(text), frozenset()) & {"US", "CA"})


def is_region(name: str) -> bool:
    """Whether a text is the whole name of a state or province anywhere: `California`, `Oslo`, `Milano`."""
    return fold(name.strip()) in _names()


def is_region_of(text: str, country: str) -> bool:
    """Whether a text is a region of this country (ISO code), by name or code."""
    key = fold(text.strip())
    return country in _names().get(key, ()) or country in _all_codes().get(key, ())


@cache
def _all_codes() -> dict[str, frozenset[str]]:
    return _by(lambda region: fold(region.code.partition("-")[2]))


@cache
def _short_codes() -> dict[str, frozenset[str]]:
    return {code: countries for code, found in _all_codes().items() if (countries := found & set(WRITTEN_SHORT))}


@cache
def _names() -> dict[str, frozenset[str]]:
    return _by(lambda region: fold(region.name))


def _by(key: Callable[[Any], str], wanted: Callable[[Any], bool] | None = None) -> dict[str, frozenset[str]]:
    from pycountry import subdivisions  # noqa: PLC0415 -- five thousand regions, needed for few place lines

    found: dict[str, set[str]] = {}
    for region in filter(wanted, subdivisions) if wanted else subdivisions:
        found.setdefault(key(region), set()).add(region.country_code)
    return {name: frozenset(countries) for name, countries in found.items()}
