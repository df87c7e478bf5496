"""Writes CSV files that look like the real thing, for the demo, the seeds, the tests and the benchmarks.

The layouts are Apollo's people and companies exports of 2026, wildness included: names with particles, credentials,
emoji or in capitals, legal forms, several people per company, quoted line breaks, apostrophe escapes, empty columns,
some people twice. The same seed always gives the same bytes; everything in them is made up.
"""

from __future__ import annotations

import csv
import io
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from app.local.samples import words

__all__ = ["COMPANY_COLUMNS", "PEOPLE_COLUMNS", "write_companies", "write_customers", "write_people"]

PEOPLE_COLUMNS: tuple[str, ...] = words.phrases(
    """
    First Name,Last Name,Title,Company Name,Company Name for Emails,Email,Email Status,Primary Email Source,Primary
    Email Verification Source,Email Confidence,Primary Email Catch-all Status,Primary Email Last Verified
    At,Seniority,Departments,Sub Departments,Contact Owner,Work Direct Phone,Home Phone,Mobile Phone,Corporate
    Phone,Other Phone,Do Not Call,Stage,Lists,Last Contacted,Account Owner,# Employees,Industry,Keywords,Person
    Linkedin Url,Website,Company Linkedin Url,Facebook Url,Twitter Url,Address,City,State,Country,Company
    Address,Company City,Company State,Company Country,Company Phone,Technologies,Annual Revenue,Total
    Funding,Latest Funding,Latest Funding Amount,Last Raised At,Parent company (Apollo data),Parent company (Apollo
    data - Organization ID),Email Sent,Email Open,Email Bounced,Replied,Demoed,Number of Retail Locations,SIC
    Codes,NAICS Codes,Apollo Contact Id,Apollo Account Id,Apollo Record Id,Secondary Email,Secondary Email
    Source,Secondary Email Status,Secondary Email Verification Source,Tertiary Email,Tertiary Email Source,Tertiary
    Email Status,Tertiary Email Verification Source,Primary Intent Topic,Primary Intent Score,Secondary Intent
    Topic,Secondary Intent Score,Qualify Contact"""
)
COMPANY_COLUMNS: tuple[str, ...] = words.phrases(
    """
    Company Name,Company Name for Emails,Account Stage,Lists,# Employees,Industry,Account Owner,Website,Company
    Linkedin Url,Facebook Url,Twitter Url,Company Street,Company City,Company State,Company Country,Company Postal
    Code,Company Address,Keywords,Company Phone,Technologies,Total Funding,Latest Funding,Latest Funding Amount,Last
    Raised At,Annual Revenue,Number of Retail Locations,Apollo Account Id,SIC Codes,NAICS Codes,Short
    Description,Founded Year,Logo Url,Subsidiary of,Subsidiary of (Organization ID),Primary Intent Topic,Primary
    Intent Score,Secondary Intent Topic,Secondary Intent Score"""
)

_PEOPLE_PER_COMPANY = 4
_NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
_CREDENTIALS = (", PhD", ", MBA", " CPA", ", PMP, CSM", " (she/her)", ", M.D.", " 🌱")
_FREE_MAIL = ("gmail.com", "outlook.com", "gmx.de")
_ROUNDS = ("Seed", "Series A", "Series B", "Venture (Round not Specified)", "Private Equity", "Debt Financing")


@dataclass(frozen=True)
class _Company:
    """What the rows of one company share: its region, its domain and its cells by column name."""

    region: words.Region
    domain: str
    cells: dict[str, str]


def write_people(target: Path | IO[bytes], rows: int, seed: int = 2026) -> None:
    """Write an Apollo people export of 75 columns: UTF-8 without BOM, LF, a header line and `rows` records."""
    rng = random.Random(seed)  # noqa: S311 -- sample data, not a secret
    companies = [_company(rng, n) for n in range(max(1, rows // _PEOPLE_PER_COMPANY))]
    _write(target, PEOPLE_COLUMNS, _people(rng, rows, companies))


def write_companies(target: Path | IO[bytes], rows: int, seed: int = 2026) -> None:
    """Write an Apollo companies export of 38 columns, one company a row; the same seed gives the people's companies."""
    rng = random.Random(seed)  # noqa: S311
    _write(target, COMPANY_COLUMNS, (_company(rng, n).cells for n in range(rows)))


def write_customers(target: Path | IO[bytes], rows: int, seed: int = 2026) -> None:
    """Write a client's own customer list: name and domain, as typed by people."""
    rng = random.Random(seed)  # noqa: S311
    companies = (_company(rng, n) for n in range(rows))
    _write(
        target, ("Customer", "Domain"), ({"Customer": c.cells["Company Name"], "Domain": c.domain} for c in companies)
    )


def _write(target: Path | IO[bytes], columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    if isinstance(target, Path):
        with target.open("wb") as file:
            _write(file, columns, rows)
        return
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    text.detach()  # flushes, and leaves the caller's file open


def _people(rng: random.Random, rows: int, companies: list[_Company]) -> Iterator[dict[str, str]]:
    earlier: dict[str, str] = {}
    for n in range(rows):
        if earlier and rng.random() < 0.005:  # noqa: PLR2004 -- merged exports repeat about one person in two hundred
            yield earlier
            continue
        row = _person(rng, n, companies[int(rng.random() ** 1.5 * len(companies))])
        if n % 50 == 0:
            earlier = row
        yield row


def _person(rng: random.Random, n: int, company: _Company) -> dict[str, str]:
    """One person at `company`, as cells by column name; absent columns are empty."""
    chance = rng.random
    region = company.region if chance() < 0.8 else rng.choice(words.REGIONS)  # noqa: PLR2004
    first, last = rng.choice(region.firsts), rng.choice(region.lasts)
    seniority, titles = rng.choice(tuple(words.SENIORITIES.items()))
    department, sub_department = rng.choice(words.DEPARTMENTS)
    city, state = rng.choice(region.cities)
    cells = company.cells | {
        "Title": _title(rng, titles),
        "Seniority": seniority,
        "Departments": department,
        "Sub Departments": sub_department,
        "Contact Owner": "owner@agency.example",
        "Account Owner": "owner@agency.example",
        "Work Direct Phone": _phone(rng, region, 0.3),
        "Mobile Phone": _phone(rng, region, 0.45),
        "Corporate Phone": company.cells["Company Phone"],
        "Other Phone": _phone(rng, region, 0.03),
        "Do Not Call": "False",
        "Stage": rng.choice(("Cold", "Cold", "Approaching", "Replied", "Interested")),
        "Lists": rng.choice(("", "Q4 outbound", "Q4 outbound, Trade fair")),
        "City": city,
        "State": state,
        "Country": region.country,
        "Email Sent": "False",
        "Email Open": "False",
        "Email Bounced": "False",
        "Replied": "False",
        "Demoed": "False",
        "Apollo Contact Id": _object_id(rng),
        "Apollo Record Id": _object_id(rng),
    }
    cells |= _email_cells(rng, n, first, last, company)
    if chance() < 0.93:  # noqa: PLR2004
        slug = f"{_slug(first)}-{_slug(last)}-{rng.getrandbits(32):08x}".strip("-")
        cells["Person Linkedin Url"] = f"http://www.linkedin.com/in/{slug}"
    cells["First Name"], cells["Last Name"] = _as_typed(rng, first, last)
    return cells


def _title(rng: random.Random, titles: tuple[str, ...]) -> str:
    """A job title; now and then with a line break, in capitals or escaped because it opens with a sign."""
    title = rng.choice(titles)
    roll = rng.random()
    if roll < 0.004:  # noqa: PLR2004
        return f"{title}\nand interim {rng.choice(titles)}"
    if roll < 0.01:  # noqa: PLR2004
        return title.upper()
    return f"'- {title} -" if roll < 0.012 else title  # noqa: PLR2004


def _as_typed(rng: random.Random, first: str, last: str) -> tuple[str, str]:
    """First and last name as people enter them on a profile: mostly clean, sometimes decorated."""
    roll = rng.random()
    decorated = (
        (0.03, first.upper(), last.upper()),
        (0.05, first.lower(), last.lower()),
        (0.10, first, last + rng.choice(_CREDENTIALS)),
        (0.115, f"🚀 {first}", last),
        (0.13, f"Dr. {first}", f" {last} "),
        (0.135, first, f"{last[0]}."),
    )
    return next(((a, b) for share, a, b in decorated if roll < share), (first, last))


def _email_cells(rng: random.Random, n: int, first: str, last: str, company: _Company) -> dict[str, str]:
    roll = rng.random()
    local = f"{_slug(first) or 'info'}.{_slug(last).replace('-', '') or 'team'}"
    verified = (_NOW - timedelta(hours=rng.randrange(4000))).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    if roll < 0.12:  # noqa: PLR2004
        return {"Email Status": "Unavailable", "Primary Email Source": ""}
    cells = {
        "Email": f"{local}@{company.domain}",
        "Email Status": rng.choice(("Verified", "Verified", "Verified", "Extrapolated")),
        "Primary Email Source": "Apollo",
        "Primary Email Verification Source": "Apollo",
        "Primary Email Catch-all Status": rng.choice(("Not Catch-all", "Catch-all", "")),
        "Primary Email Last Verified At": verified,
        "Email Confidence": str(rng.randrange(40, 100)) if roll > 0.8 else "",  # noqa: PLR2004
    }
    if roll < 0.15:  # noqa: PLR2004
        cells["Email"] = f"{local}.sample{n}@{rng.choice(_FREE_MAIL)}"
    elif roll < 0.16:  # noqa: PLR2004
        cells["Email"] = cells["Email"].upper()
    elif roll < 0.22:  # noqa: PLR2004
        cells |= {"Secondary Email": f"{local}@mail.{company.domain}", "Secondary Email Source": "Apollo"}
    return cells


def _company(rng: random.Random, n: int) -> _Company:
    """The nth company and everything that its rows have in common."""
    region = rng.choice(words.REGIONS)
    plain, name = _company_name(rng, region)
    top = "test" if rng.random() < 0.1 else "example"  # noqa: PLR2004
    domain = f"{_slug(plain) or 'sample'}-{n}.{top}"
    city, state = rng.choice(region.cities)
    street, postcode = f"{rng.randrange(1, 240)} {rng.choice(region.streets)}", f"{rng.randrange(10_000, 99_999)}"
    between = "\n" if rng.random() < 0.12 else ", "  # noqa: PLR2004
    keywords = rng.sample(words.KEYWORDS, rng.randrange(4, 26))
    if n % 400 == 399:  # noqa: PLR2004 -- the long cell that real exports have
        keywords = [f"{word} {n}" for n, word in enumerate(words.KEYWORDS * 5)]
    cells = {
        "Company Name": name,
        "Company Name for Emails": plain,
        "Account Stage": "Cold",
        "# Employees": str(int(10 ** rng.uniform(0.3, 4.3))),
        "Industry": rng.choice(words.INDUSTRIES),
        "Keywords": ", ".join(keywords),
        "Website": rng.choice(("http://www.", "https://", "https://www.")) + domain,
        "Company Linkedin Url": f"http://www.linkedin.com/company/{_slug(plain) or 'sample'}-{n}",
        "Company Street": street,
        "Company Postal Code": postcode,
        "Company Address": between.join((street, f"{city}, {state}", f"{region.country}, {postcode}")),
        "Company City": city,
        "Company State": state,
        "Company Country": region.country,
        "Company Phone": _phone(rng, region, 0.75),
        "Technologies": ", ".join(rng.sample(words.TECHNOLOGIES, rng.randrange(3, 24))),
        "Founded Year": str(rng.randrange(1896, 2025)),
        "Short Description": f"{plain} offers {keywords[0]} and {keywords[1]} to {rng.choice(words.INDUSTRIES)} firms.",
        "Apollo Account Id": _object_id(rng),
        "SIC Codes": str(rng.randrange(1000, 9999)),
        "NAICS Codes": str(rng.randrange(11_000, 99_999)),
    }
    return _Company(region, domain, cells | _money_cells(rng))


def _company_name(rng: random.Random, region: words.Region) -> tuple[str, str]:
    """A plain name and the registered one, which may carry a legal form or stand in capitals."""
    if rng.random() < 0.01:  # noqa: PLR2004
        odd = rng.choice(words.ODD_COMPANIES)
        return odd, odd
    plain = f"{rng.choice(words.COMPANY_HEADS)} {rng.choice(words.COMPANY_TAILS)}"
    roll = rng.random()
    name = plain.upper() if roll < 0.06 else plain  # noqa: PLR2004
    return plain, f"{name} {rng.choice(region.legal_forms)}".replace(" ,", ",") if roll < 0.5 else name  # noqa: PLR2004


def _money_cells(rng: random.Random) -> dict[str, str]:
    cells = {"Annual Revenue": str(int(10 ** rng.uniform(5.5, 9)))} if rng.random() < 0.7 else {}  # noqa: PLR2004
    if rng.random() < 0.3:  # noqa: PLR2004
        amount = str(int(10 ** rng.uniform(5.5, 8)))
        raised = (_NOW - timedelta(days=rng.randrange(2000))).strftime("%Y-%m-01")
        cells |= {"Total Funding": amount, "Latest Funding": rng.choice(_ROUNDS)}
        cells |= {"Latest Funding Amount": amount, "Last Raised At": raised}
    if rng.random() < 0.2:  # noqa: PLR2004
        cells |= {"Primary Intent Topic": rng.choice(words.TOPICS), "Primary Intent Score": str(rng.randrange(100))}
    return cells


def _phone(rng: random.Random, region: words.Region, share: float) -> str:
    """A telephone number with the apostrophe that Apollo puts before a plus sign, or an empty cell."""
    if rng.random() >= share:
        return ""
    head, _, tail = region.phone.rpartition(" ")
    return f"'{head} {''.join(str(rng.randrange(10)) if c == '0' else c for c in tail)}"


def _object_id(rng: random.Random) -> str:
    return f"{rng.getrandbits(96):024x}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ł", "l").replace("Ł", "L"))
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower()).strip("-")
