"""E-mail addresses and phone numbers out of cells and answers, however they were typed, linked or exported.

A cell often holds several, with remarks; the first that is one is taken. What cannot be read as a phone number stays as
it is typed; what is no address is none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from urllib.parse import unquote

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from app.text._listed import listed
from app.text.values import clean_text

__all__ = ["email", "personal_email", "phone"]

LONGEST = 2_000
"""Letters of a cell that are read; a longer one is a text, and its first address stands at the front."""

SIMPLE_EMAIL = re.compile(
    r"(?=.{1,64}@)[a-z0-9_+][a-z0-9_+-]*+(?:\.[a-z0-9_+-]++)*+"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,5}[a-z]{2,24}"
)
EMAIL_PARTS = re.compile(r"[\s,;|<>()\[\]\"{}\u2022]+")
EMAIL_LABEL = re.compile(r"\A(?:e-?mail|mail|mailto|smtp|work|private|personal|office|home|business)[:=]+")
SPACED_AT = re.compile(r"(?<=[\w.+-]) ?@ ?(?=[\w-]+\.)|(?<=\w) ?[\[({](?:at|@|\u00e4t)[\])}] ?(?=\w)")
SPELT_DOT = re.compile(r"(?<=\w) ?[\[({](?:dot|punkt|punto|point)[\])}] ?(?=\w)")
SPACED_DOT = re.compile(r"(@[\w-]+) ?\. ?(?=[a-z]{2,6}(?:\s|\Z))")
BEHIND = re.compile(r"[?/#&].*\Z|:[a-z]*\Z")
NO_EMAILS = frozenset(("email_not_unlocked@domain.com", "not_unlocked@domain.com"))
"""Apollo's stand-ins for a locked address."""

ROLE_MAILBOXES = listed("""
    accounting admin billing booking bookings buchhaltung contact contacto contato contatti customerservice enquiries
    finance frontdesk hallo hello help helpdesk hi hr info information inquiries jobs kontakt kundenservice mail
    marketing media office orders post press reception recruiting sales service shop support team verkauf vertrieb
    welcome
""")
UNREACHABLE_TLDS = (".test", ".invalid", ".local", ".localhost", ".onion", ".internal", ".lan", ".arpa")

PHONE_LABEL = re.compile(
    r"\A(?:tel(?:efon|\u00e9fono|ephone)?|phone|ph|mobile|mobil|m\u00f3vil|portable|cell|handy|direct|work|office|home|hq|t|p|m|c"
    r"|d|w)?\s*[.:]+\s*|\Atel\s+",
    re.IGNORECASE,
)
PHONE_REMARK = re.compile(
    r"\s*[\[(]\s*[^\W\d][^)\]]*[)\]]\s*|\s+(?:mobile|work|home|office|direct|cell|main)\Z", re.IGNORECASE
)
BETWEEN_PHONES = re.compile(
    r"\s*(?:;(?!\s*ext)|\||:::|::|\n)\s*"
    r"|\s+(?:/|or|and|und|oder|ou|et|o|y|e)\s+|\s*[,/]\s*(?=\+|00\d|\(?\d[\d ()-]{6,})",
    re.IGNORECASE,
)
DECIMAL = re.compile(r"(\+?\d{7,15})\.0+")
SCIENTIFIC = re.compile(r"\+?\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)
INTERNATIONAL = re.compile(r"\+[1-9][0-9 ()-]{6,30}[0-9]")
SIGNS = str.maketrans("", "", " ()-")
FEWEST_DIGITS = 7
"""Fewer reach nobody from abroad."""

SHORTEST_WITH_CODE = 11
"""Digits from which on a number that opens with its country's code is read as having one."""


@lru_cache(maxsize=8_192)
def email(value: str | None) -> str | None:
    """The first valid e-mail address in a cell, in lower case; no DNS is asked.

    Links (`mailto:…?subject=…`, also in markdown), display names, labels, lists and written-out signs (`mira [at] …`)
    are understood; placeholders and addresses that no mail can reach are refused.
    """
    text = clean_text(value)
    if text is None:
        return None
    text = text[:LONGEST].lower()
    if SIMPLE_EMAIL.fullmatch(text):
        return text if _is_reachable(text) else None
    text = _with_signs(text)
    if "@" not in text:
        return None
    for part in EMAIL_PARTS.split(text):
        if "@" in part and (address := _in_part(part)):
            return address
    return None


def personal_email(value: str | None) -> str | None:
    """The address in a cell if it is one person's: `info@` and the like belong to everybody in the house."""
    address = email(value)
    return None if address is None or address.partition("@")[0] in ROLE_MAILBOXES else address


def _with_signs(text: str) -> str:
    """`@` and `.` where they are written in another way: full width, percent-encoded, spelt, with blanks around."""
    text = unicodedata.normalize("NFKC", text)
    if "%40" in text:
        text = unquote(text)
    text = SPELT_DOT.sub(".", SPACED_AT.sub("@", text))
    return SPACED_DOT.sub(r"\1.", text)


def _in_part(part: str) -> str | None:
    """One address out of what stands between blanks and commas."""
    part = part.strip(".,:;'`*")
    for _ in range(3):
        part = EMAIL_LABEL.sub("", part)
    if "//" in part:
        part = part.rpartition("/")[2]
    local, _, host = part.partition("@")
    return _address(part) or _address(f"{local}@{BEHIND.sub('', host)}".rstrip(".,:;'`*"))


def _address(text: str) -> str | None:
    """One e-mail address, if it is one that mail can reach."""
    if not _is_reachable(text):
        return None
    if SIMPLE_EMAIL.fullmatch(text):
        return text
    try:
        checked = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return None
    return checked.normalized.lower()


def _is_reachable(address: str) -> bool:
    return address not in NO_EMAILS and not address.endswith(UNREACHABLE_TLDS)


@lru_cache(maxsize=16_384)
def phone(value: str | None, region: str | None = None) -> str | None:
    """A phone number in E.164 (`+31201234567`), with `;ext=` where one is given; unreadable ones stay as typed.

    Args:
        value: the cell; of several numbers the first is taken, remarks are left out.
        region: ISO code of the country whose national numbers may occur (`NL`); without it only `+` or `00` are read.

    Returns:
        None when the cell holds no seven digits, or a spreadsheet has rounded the number (`4.91761E+11`).
    """
    text = clean_text(value)
    if text is None:
        return None
    if INTERNATIONAL.fullmatch(text) and (written := _as_dialled(text.translate(SIGNS))):
        return written
    if SCIENTIFIC.fullmatch(text):
        return None
    first = BETWEEN_PHONES.split(text[:LONGEST], maxsplit=1)[0].strip(" ,;") or text[:LONGEST]
    first = PHONE_REMARK.sub(" ", PHONE_LABEL.sub("", first)).strip()
    if whole := DECIMAL.fullmatch(first):
        first = whole[1]
    if sum(char.isdigit() for char in first) < FEWEST_DIGITS:
        return None
    if first.startswith("00"):
        first = "+" + first[2:]
    return _international(first, region) or _read(first, region) or (first if whole else text)


def _as_dialled(number: str) -> str | None:
    """A number in E.164, if nothing needs doing to it: no national prefix inside, and a length that its country has."""
    if len(number) <= FEWEST_DIGITS:
        return None
    for end in (2, 3, 4):  # behind "+" and a country code of one to three digits, of which none begins another
        if plan := _numbering_plan(number[1:end]):
            lengths, prefix = plan
            fits = len(number) - end in lengths and number[end] != "0" and not (prefix and prefix.match(number, end))
            return number if fits else None
    return None


@cache
def _numbering_plan(code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """How many digits a country's numbers have, and what is dialled before them within it only; None: no country."""
    region = phonenumbers.region_code_for_country_code(int(code))
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    if plan is None or plan.general_desc is None:
        return None
    prefix = plan.national_prefix_for_parsing
    lengths = (*plan.general_desc.possible_length, *plan.general_desc.possible_length_local_only)
    return frozenset(lengths), re.compile(prefix) if prefix else None


def _international(text: str, region: str | None) -> str | None:
    """`4915123456789` in Germany is no national number of thirteen digits: its country code lacks the plus."""
    if not region or not text.isdigit() or text.startswith("0") or len(text) < SHORTEST_WITH_CODE:
        return None
    code = str(phonenumbers.country_code_for_region(region))
    if not text.startswith(code):
        return None
    international = _parsed(f"+{text}", None)
    return _written(international) if international and phonenumbers.is_valid_number(international) else None


def _read(text: str, region: str | None) -> str | None:
    number = _parsed(text, region)
    return _written(number) if number and phonenumbers.is_possible_number(number) else None


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _written(number: phonenumbers.PhoneNumber) -> str:
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{written};ext={number.extension}" if number.extension else written
