"""Names whose surname stands in front, where something gives it away: Vietnamese spelling, capitals, a patronymic.

Without such a sign nobody can tell: `Nagy István` stays in the order that it is written in.
"""

from __future__ import annotations

import re

from app.text import _name_words as words
from app.text._casing import UNPRONOUNCED
from app.text.values import fold

__all__ = ["before_patronymic", "given_with_devotion", "joined_surname", "surname_in_front", "vietnamese_name"]

PATRONYMIC = re.compile(
    r".+(?:ович|евич|йович|ьич|мич|овна|евна|івна|ївна|ична)|[A-Z][a-z]+(?:ovich|evich|ovych|yovych|ovna|evna|ivna|ichna)",
    re.IGNORECASE,
)
INITIALS = re.compile(r"(?:[^\W\d_]\.-?){2,3}")
RUSSIAN = re.compile(r"(?:[oe]v|[oe]va|in|ina|sky|skiy|skii|skaya|enko)\Z")
WITH_PATRONYMIC = 3
FEWEST_CAPITALS = 3


def vietnamese_name(parts: list[str]) -> tuple[str, str, str] | None:
    """Given name, surname and whole name of Vietnamese names: `Nguyễn Văn An` is An."""
    low = [part.lower() for part in parts]
    if len(parts) > 2 and low[0].rstrip(".") in words.VIETNAMESE_TITLES and low[1] in words.VIETNAMESE_FAMILIES:  # noqa: PLR2004
        parts, low = parts[1:], low[1:]
    families = words.VIETNAMESE_FAMILIES | words.VIETNAMESE_WITHOUT_MARKS
    if len(parts) < 2 or low[0] not in families:  # noqa: PLR2004
        return None
    named = len(parts) > 2 and low[1] in words.VIETNAMESE_MIDDLES  # noqa: PLR2004
    if low[-1] in families and not (named and low[-1] in words.VIETNAMESE_OFTEN_GIVEN):
        return None
    if not named and (low[0] not in words.VIETNAMESE_FAMILIES or "".join(parts).isascii()):
        return None
    written = [part.capitalize() for part in parts]
    return written[-1], written[0], " ".join(written)


def surname_in_front(parts: list[str]) -> tuple[str, str] | None:
    """Given name and surname where capitals mark the latter: `DUPONT Jean`, `DE LA CRUZ Maria`."""
    if INITIALS.fullmatch(parts[-1]) and (parts[0] in words.SMALL or (len(parts) == 2 and not parts[0].isascii())):  # noqa: PLR2004
        cyrillic = "\u0400" <= parts[0][0] <= "\u04ff"
        return (parts[-1], " ".join(parts[:-1])) if cyrillic or parts[0] in words.SMALL else None
    cut = next((n for n, part in enumerate(parts) if not part.isupper()), len(parts))
    if not 0 < cut < len(parts) or any(part.isupper() for part in parts[cut:]):
        return None
    family = parts[:cut]
    if family[0].lower() in words.SURE_CREDENTIALS:
        return None
    if "." in "".join(family) or max(map(len, family)) < FEWEST_CAPITALS or UNPRONOUNCED.fullmatch(family[0]):
        return None
    given = fold(parts[cut]).split("-")[0]
    opens = cut > 1 and family[0].lower() in words.PARTICLES | words.ARTICLES  # LE GOFF Christophe
    if (not opens and fold(family[0]) in words.given_names()) or not (
        given in words.given_names() or "\u0400" <= given[0] <= "\u04ff"
    ):
        return None
    return " ".join(parts[cut:]), " ".join(family)


def before_patronymic(parts: list[str]) -> tuple[str, str] | None:
    """Given name and surname of `Петров Иван Сергеевич`, as Russian registers have it."""
    if len(parts) != WITH_PATRONYMIC or not PATRONYMIC.fullmatch(parts[2]) or PATRONYMIC.fullmatch(parts[1]):
        return None
    if (
        parts[2].isascii()
        and (not RUSSIAN.search(parts[0]) or RUSSIAN.search(parts[1]))
        and (fold(parts[1]) not in words.given_names() or fold(parts[0]) in words.given_names())
    ):
        return None
    return parts[1], parts[0]


def given_with_devotion(parts: list[str]) -> int:
    """How many words stand before the last one of a given name like `María del Carmen`; 0 for any other name."""
    if len(parts) < 4 or parts[1].lower() not in {"de", "del"}:  # noqa: PLR2004
        return 0
    at = 3 if parts[2].lower() in {"la", "las", "los"} else 2
    return at if at < len(parts) - 1 and fold(parts[at]) in words.DEVOTIONS else 0


def joined_surname(parts: list[str]) -> tuple[str, str] | None:
    """Given name and surname of Dutch double names, whose hyphen stands before a particle: `A. Jansen-de Boer`."""
    at = next(
        (n for n in range(1, len(parts) - 1) if parts[n].rpartition("-")[2] in words.SMALL and "-" in parts[n]), 0
    )
    while at > 1 and parts[at - 1].lower() in words.SMALL:
        at -= 1  # van den Bosch-de Wit
    return (" ".join(parts[:at]), " ".join(parts[at:])) if at else None
