"""Made-up answers of the Clay sandbox: people with work histories and companies, in the shape that Clay sends.

The same row always gets the same answer. Past employers come to a good part from the sample customer list, so that
"who used to work at a customer?" has an answer in every demo. Nobody in here exists.
"""

from __future__ import annotations

import csv
import io
import random
import re
import unicodedata
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple

from app.local.samples import words
from app.local.samples.files import write_customers

__all__ = ["Employer", "answer_for", "company_answer", "customers", "person_answer"]

CUSTOMERS = 60
AT_A_CUSTOMER = 0.3
SIZES = ((10, "2-10"), (50, "11-50"), (200, "51-200"), (500, "201-500"), (1000, "501-1,000"), (5000, "1,001-5,000"))
REVENUES = ("1M-10M", "10M-25M", "25M-75M", "75M-200M", "200M-500M", "500M-1B")
FUNDINGS = ("$1M - $5M", "$5M - $10M", "$25M - $50M", "$50M - $100M")
TYPES = ("Privately Held", "Public Company", "Partnership", "Self-Owned", "Nonprofit")
SCHOOLS = ("Example University of Technology", "Example College", "Sample Business School", "University of Example")
DEGREES = ("Master of Science (MSc)", "Bachelor of Science", "Bachelor of Arts", "MBA", "Diplom")
TITLES = tuple(title for titles in words.SENIORITIES.values() for title in titles)


class Employer(NamedTuple):
    """A company in a work history."""

    name: str
    domain: str | None
    linkedin: str | None


@cache
def customers() -> tuple[Employer, ...]:
    """The companies of the sample customer list, which turn up in many work histories."""
    file = io.BytesIO()
    write_customers(file, CUSTOMERS)
    rows = csv.DictReader(io.StringIO(file.getvalue().decode()))
    return tuple(Employer(row["Customer"], row["Domain"], _company_page(row["Domain"])) for row in rows)


def answer_for(row: dict[str, Any], seed: str = "") -> dict[str, Any]:
    """The callback body for a row: a person or a company, by the workflow that asked.

    Args:
        row: the row as it was sent.
        seed: another seed makes other people.
    """
    slug = str(row.get("workflow_slug") or "")
    person = "person" in slug or ("company" not in slug and any(row.get(key) for key in ("person_name", "email")))
    return person_answer(row, seed) if person else company_answer(row, seed)


def company_answer(row: dict[str, Any], seed: str = "") -> dict[str, Any]:
    """A company, as Clay's company enrichment returns it."""
    domain = _text(row, "company_domain", "domain") or f"{_slug(_text(row, 'company_name') or 'sample')}.example"
    name = _text(row, "company_name", "name") or domain.split(".")[0].replace("-", " ").title()
    rng = _rng(seed, "company", domain.lower())
    region = rng.choice(words.REGIONS)
    (city, state), country = rng.choice(region.cities), region.country
    employees = int(10 ** rng.uniform(0.5, 4.2))
    specialties = [word.capitalize() for word in rng.sample(words.KEYWORDS, rng.randrange(2, 8))]
    place = {"address": f"{rng.choice(region.streets)} {rng.randrange(1, 200)}, {city}", "city": city, "state": state}
    record: dict[str, Any] = {
        "url": _text(row, "company_linkedin") or _company_page(domain),
        "slug": _slug(name),
        "name": name,
        "type": rng.choice(TYPES),
        "domain": domain,
        "website": f"http://www.{domain}",
        "org_id": rng.randrange(10**6, 10**8),
        "company_id": rng.randrange(10**8, 10**9),
        "country": country,
        "locality": f"{city}, {state}",
        "founded": rng.randrange(1950, 2024),
        "industry": rng.choice(words.INDUSTRIES).title(),
        "size": f"{next((text for most, text in SIZES if employees <= most), '5,001-10,000')} employees",
        "employee_count": employees,
        "follower_count": employees * rng.randrange(3, 80),
        "annual_revenue": rng.choice(REVENUES),
        "total_funding_amount_range_usd": rng.choice((None, *FUNDINGS)),
        "description": f'{name} works on {specialties[0].lower()}.\n\nTrusted by many \u2014 "boringly reliable".',
        "specialties": specialties,
        "locations": [{**place, "country": country, "is_primary": True}],
        "last_refresh": f"{_today().isoformat()}T04:12:09.000000",
    }
    return _envelope(row) | {"company_domain": domain, "raw_payload": _as_tables_do(rng, record)}


def person_answer(row: dict[str, Any], seed: str = "") -> dict[str, Any]:
    """A person with three to eight positions, the last one at the company that was asked about."""
    linkedin = _text(row, "linkedin", "linkedin_url")
    rng = _rng(
        seed, "person", (linkedin or _text(row, "email", "person_name") or str(row.get("batch_item_id"))).lower()
    )
    region = rng.choice(words.REGIONS)
    first = _text(row, "first_name") or rng.choice(region.firsts)
    last = _text(row, "last_name") or rng.choice(region.lasts)
    name = _text(row, "person_name") or f"{first} {last}"
    employer = _current_employer(row, rng)
    history = _history(rng, employer)
    jobs = [job for job in history if job["is_current"]]
    city, state = rng.choice(region.cities)
    slug = (linkedin or "").rstrip("/").rpartition("/")[2] or _slug(name)
    record: dict[str, Any] = {
        "url": f"https://www.linkedin.com/in/{slug}",
        "slug": slug,
        "name": name,
        "first_name": first,
        "last_name": last,
        "headline": f"{jobs[0]['title']} @ {employer.name}",
        "title": jobs[0]["title"],
        "org": employer.name,
        "summary": 'Builds "boring" systems,\nships fast.',
        "country": region.country,
        "location_name": f"{city}, {state}, {region.country}",
        "dob": None,
        "person_id": rng.randrange(10**7, 10**8),
        "connections": rng.randrange(20, 501),
        "num_followers": rng.randrange(50, 9000),
        "jobs_count": len(history),
        "last_refresh": f"{_today().isoformat()} 06:21:09.418",
        "latest_experience": jobs[0],
        "current_experience": jobs,
        "experience": history,
        "education": [{"degree": rng.choice(DEGREES), "school_name": rng.choice(SCHOOLS), "grade": None}],
        "certifications": None,
        "languages": None,
    }
    email = _text(row, "email") or f"{_slug(first)}.{_slug(last)}@{employer.domain or 'sample.example'}"
    return _envelope(row) | {
        "linkedin_url": record["url"],
        "work_email": email if rng.random() < 0.7 else "null",  # noqa: PLR2004 -- the share that Clay finds
        "raw_payload": _as_tables_do(rng, record),
    }


def _current_employer(row: dict[str, Any], rng: random.Random) -> Employer:
    domain = _text(row, "company_domain")
    name = _text(row, "company_name") or (domain.split(".")[0].title() if domain else _employer(rng).name)
    return Employer(name, domain, _text(row, "company_linkedin") or (_company_page(domain) if domain else None))


def _history(rng: random.Random, employer: Employer) -> list[dict[str, Any]]:
    """Positions, the newest first. Some people were promoted, some advise on the side, old dates lose their month."""
    today = _today()
    start = _months_before(today, int(rng.triangular(0, 96, 8)))
    positions = [_position(rng, employer, start, None)]
    if rng.random() < 0.1:  # noqa: PLR2004
        side = Employer("Self-employed", None, None)
        positions.append(_position(rng, side, _months_before(today, rng.randrange(6, 60)), None) | {"title": "Advisor"})
    for _ in range(rng.randrange(2, 8)):
        if rng.random() > 0.2:  # noqa: PLR2004 -- else the position before was a promotion
            employer = _employer(rng)
        end, start = start, _months_before(start, rng.randrange(8, 60))
        positions.append(_position(rng, employer, start, end))
    return positions


def _position(rng: random.Random, employer: Employer, start: date, end: date | None) -> dict[str, Any]:
    yearly = end is not None and rng.random() < 0.15  # noqa: PLR2004 -- many people remember the year only

    def written(day: date | None) -> str | None:
        return None if day is None else str(day.year) if yearly else day.isoformat()

    region = rng.choice(words.REGIONS)
    return {
        "url": employer.linkedin,
        "title": rng.choice(TITLES),
        "org_id": rng.randrange(10**6, 10**8) if employer.linkedin else None,
        "company": employer.name,
        "summary": None,
        "start_date": written(start),
        "end_date": written(end),
        "locality": f"{rng.choice(region.cities)[0]}, {region.country}",
        "is_current": end is None,
        "company_domain": employer.domain,
    }


def _employer(rng: random.Random) -> Employer:
    if rng.random() < AT_A_CUSTOMER:
        return rng.choice(customers())
    name = f"{rng.choice(words.COMPANY_HEADS)} {rng.choice(words.COMPANY_TAILS)}"
    domain = f"{_slug(name)}.example"
    known = rng.random() < 0.75  # noqa: PLR2004
    return Employer(name, domain if known else None, _company_page(domain) if known else None)


def _as_tables_do(rng: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    """The record as a Clay table hands it on: now and then numbers are text, nulls are words, keys are missing."""
    if rng.random() < 0.1:  # noqa: PLR2004
        record = {key: str(value) if isinstance(value, int) else value for key, value in record.items()}
    if rng.random() < 0.1:  # noqa: PLR2004
        record = {key: "null" if value is None else value for key, value in record.items()}
    if rng.random() < 0.1:  # noqa: PLR2004
        record = {key: value for key, value in record.items() if value is not None}
    return record


def _envelope(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "batch_item_id": row.get("batch_item_id"),
        "workflow_slug": row.get("workflow_slug"),
        "attempt": row.get("attempt"),
        "status": "success",
        "sandbox": "made up by the Clay sandbox, a test instrument",
    }


def _text(row: dict[str, Any], *keys: str) -> str | None:
    return next((str(row[key]).strip() for key in keys if row.get(key)), None)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "sample"


def _company_page(domain: str) -> str:
    return f"https://www.linkedin.com/company/{_slug(domain.rpartition('.')[0] or domain)}"


def _rng(*parts: str) -> random.Random:
    return random.Random("|".join(parts))  # noqa: S311 -- sample data, not a secret


def _today() -> date:
    return datetime.now(UTC).date()


def _months_before(day: date, months: int) -> date:
    """The first of the month so many months earlier."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
