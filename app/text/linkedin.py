"""LinkedIn URLs in one spelling, so that the same profile or page is the same text everywhere.

A person is `https://www.linkedin.com/in/<slug>`, a company `https://www.linkedin.com/company/<slug>` (or `/school/`,
`/showcase/`). Slugs are lower case, letters beyond ASCII percent-encoded in lower case. Sales Navigator and Recruiter
links, and the hashed ids they carry (`ACwAA…`), name a person only to whoever is signed in: they are no profile URLs.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote

from app.text.values import clean_text

__all__ = ["linkedin_company", "linkedin_person"]

ADDRESS = re.compile(
    r"(?:\A|(?<=[\s\"'`\u00ab\u201c\u2018<({\[,;|/:=@\\]))(?:(?:[a-z]{2,3}(?:-[a-z]{2,4})?|w{2,5}|m|touch|mobile|business)\.){0,2}linkedin\.(?:com|cn)\.?"
    r"(?::\d+)?[/\\]+(?P<path>[^\s\"'`\u00bb\u201d<>|,;)\]}]*)",
    re.IGNORECASE,
)
RELATIVE = re.compile(r"\A/?(?P<path>(?:in|company|school|showcase)/[^\s/?#]+/?)\Z", re.IGNORECASE)
REDIRECT = re.compile(r"https?%3a%2f%2f[^&\s]*linkedin(?:\.|%2e)com%2f[^&\s]*", re.IGNORECASE)
FOREIGN_QUERY = re.compile(
    r"(\bhttps?://(?!(?:[\w-]+\.)*(?:linkedin\.com|google\.[a-z.]{2,6}(?=/url)|bing\.com(?=/ck)"
    r"|duckduckgo\.com(?=/l/)|outlook\.com|office\.com|safelinks\.protection\.outlook\.com|lm?\.facebook\.com|lnkd\.in)[/:?])[\w.:@-]+[^\s?#]{0,200})[?#]\S*",
    re.IGNORECASE,
)
"""What stands behind another site's `?` is that site's business; search engines and mail filters only lead on."""

TORN = re.compile(
    r"\blinkedin(?:[.,]\s?com|\.cn)?(?:\s?[/\\]+\s?|\s)(in|company|school|showcase)\s?([/\\])\s?(?=\S)", re.IGNORECASE
)
"""Blanks around the slashes, a comma in the host or a part of it left out: `linkedin.com/in/ jane-doe`."""

REPEATED = re.compile(
    r"(?:www\.)?linkedin\.com/(?:in/)?(?:https?:/*)?(?=(?:www\.)?linkedin\.com/)|(?<=linkedin\.com/)in/(?=in/)",
    re.IGNORECASE,
)
"""An address that was put behind another one: `linkedin.com/in/https://www.linkedin.com/in/jane-doe`."""

LONGEST = 1_000
TAIL = re.compile(r"(?:[?#]|&(?=\w+=)).*\Z|(?:%3f|%23).*\Z", re.IGNORECASE | re.DOTALL)
PERSON_SLUG = re.compile(r"[^\s/\\@<>\"{}\[\]^`]{2,150}")
HASHED = re.compile(r"a[ce][a-z]aa[a-z0-9_-]{12,}", re.IGNORECASE)
PAGES = frozenset(("company", "school", "showcase"))
BEFORE_SLUG = re.compile(
    r"\A(?:mwlite/(?:profile/)?|m/|comm/|public-profile/|(?:organization-)?guest/|profile/(?=in/))", re.IGNORECASE
)
LEGACY = re.compile(r"([\w%.-]+)/([0-9a-f]{1,3})/([0-9a-f]{1,3})/([0-9a-f]{1,3})", re.IGNORECASE)
SALES_COMPANY = re.compile(r"(?:(?:sales|recruiter|talent)/(?:company|accounts?)|company-beta)/(\d+)", re.IGNORECASE)
NO_SLUGS = frozenset(
    ("me", "unavailable", "login", "signup", "undefined", "null", "none", "nan", "edit", "feed", "setup")
)


PLAIN = re.compile(
    r"(?:https?://)?(?:www\.)?linkedin\.com/(in|company|school|showcase)/([a-z0-9][a-z0-9-]{0,148}[a-z0-9])/?"
)
"""An address that nothing needs doing to, as most are: kind and slug."""


@lru_cache(maxsize=8_192)
def linkedin_person(text: str | None) -> str | None:
    """A person's profile URL; None for anything else, Sales Navigator's hashed ids included.

    Old `/pub/jane-doe/4/b28/a04` links become `/in/jane-doe-a04b284`, which is how LinkedIn forwarded them.
    """
    if plain := _plain(text):
        return (
            f"https://www.linkedin.com/in/{plain[1]}" if plain[0] == "in" and not HASHED.fullmatch(plain[1]) else None
        )
    for path in _paths(text):
        kind, _, rest = path.partition("/")
        if kind.lower() == "in":
            slug = _slug(rest.partition("/")[0])
            if slug and PERSON_SLUG.fullmatch(slug) and not HASHED.fullmatch(slug):
                return _url("in", slug)
        elif kind.lower() == "pub" and (old := LEGACY.match(rest)) and old[2].strip("0"):
            slug = _slug(old[1])
            if slug and slug != "dir":
                return _url("in", f"{slug}-{old[4].lower():0>3}{old[3].lower():0>3}{old[2].lower()}")
    return None


@lru_cache(maxsize=8_192)
def linkedin_company(text: str | None) -> str | None:
    """The URL of a company, school or showcase page; Sales Navigator's company links lead to the same page."""
    if plain := _plain(text):
        return f"https://www.linkedin.com/{plain[0]}/{plain[1]}" if plain[0] != "in" else None
    for path in _paths(text):
        if sales := SALES_COMPANY.match(path):
            return _url("company", sales[1])
        kind, _, rest = path.partition("/")
        if kind.lower() in PAGES and (slug := _slug(rest.partition("/")[0])):
            return _url(kind.lower(), slug)
    return None


def _plain(text: str | None) -> tuple[str, str] | None:
    found = PLAIN.fullmatch(text) if text.__class__ is str else None
    return (found[1], found[2]) if found and found[2] not in NO_SLUGS else None


def _paths(text: str | None) -> list[str]:
    """The paths of all LinkedIn addresses in a text, without queries; those inside a sign-in redirect come first."""
    cleaned = (clean_text(text) or "")[:LONGEST]
    if not cleaned:
        return []
    cleaned = FOREIGN_QUERY.sub(r"\1", cleaned)
    if redirect := REDIRECT.search(cleaned):
        cleaned = f"{unquote(redirect[0])} {cleaned}"
    cleaned = REPEATED.sub("", TORN.sub(r"linkedin.com/\1\2", cleaned))
    paths = [found["path"] for found in ADDRESS.finditer(cleaned)]
    if not paths and (relative := RELATIVE.match(cleaned)):
        paths = [relative["path"]]
    return [_path(path) for path in paths]


def _path(path: str) -> str:
    """One path without query, doubled slashes and the prefixes of the mobile site."""
    path = re.sub(r"[/\\]+", "/", TAIL.sub("", path)).strip("/")
    return BEFORE_SLUG.sub("", path)


def _slug(segment: str) -> str | None:
    """A slug with its letters as letters, lower case; None when there is none."""
    slug = unquote(segment)
    if "%" in slug:
        slug = unquote(slug)  # encoded twice by the tool that exported it
    slug = slug.partition("/")[0].partition("?")[0]
    slug = slug.strip(" .,:;*!'`\u200b\u200c\u200d\ufeff\u00bb\u2018\u2019\u201d\u200e\u200f\u2026").lower()
    if not slug or slug in NO_SLUGS or "\ufffd" in slug or not any(char.isalnum() for char in slug):
        return None
    return slug


def _url(kind: str, slug: str) -> str:
    encoded = re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), quote(slug, safe="-._~!*()'+"))
    return f"https://www.linkedin.com/{kind}/{encoded}"
