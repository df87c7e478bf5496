"""Searches over 200,000 people with 8 positions each, through the real HTTP API: medians and 95th percentiles.

    python -m bench.search [--people 200000] [--rounds 3] [--quick]

Starts a stack of its own, seeds it (bench/seed_people.py) and asks the questions that the pages ask, each time about
another company or filter. "Served" is the whole round trip: supabase-py, HTTP, gateway, PostgreSQL, JSON back.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from app.db import Database
from app.results.exports import leads_csv
from bench.kit.options import options
from bench.kit.results import Results, compared
from bench.kit.rounds import in_turns
from bench.seed_people import INDUSTRIES, Seeded, seed
from bench.stack import throw_away_stack

ASKS = 9


def misspelt(key: str, rng: random.Random) -> str:
    """A name with one letter wrong and two swapped."""
    letters = list(key)
    n = rng.randrange(1, len(letters) - 2)
    letters[n], letters[n + 1] = letters[n + 1], letters[n]
    letters[rng.randrange(len(letters))] = rng.choice("aeiou")
    return "".join(letters)


def questions(db: Database, made: Seeded, rng: random.Random) -> dict[str, tuple[int, Callable[[], Awaitable[Any]]]]:
    """What is asked, with the limit in milliseconds."""

    def company() -> tuple[str, str, str]:
        return made.companies[int(len(made.companies) * rng.random() ** 2.5)]

    def people(**filters: Any) -> Awaitable[Any]:
        return db.read("search_people", client=made.client, filters=filters, after=None, limit=50)

    def leads(**filters: Any) -> Awaitable[Any]:
        return db.read("search_leads", client=made.client, filters=filters, after=None, limit=50)

    return {
        "former employees of X, by domain": (50, lambda: people(domain=company()[2], status="former")),
        "former employees of X, name misspelt": (
            300,
            lambda: people(company="?", company_key=misspelt(company()[1], rng), status="former"),
        ),
        "former employees of the largest company": (50, lambda: people(domain=made.companies[0][2], status="former")),
        "former employees of any of 500 customers": (1000, lambda: people(customer="any", status="former")),
        "the same, with a title": (1000, lambda: people(customer="any", status="former", title="head sales")),
        "people by a common title": (1000, lambda: people(title="analyst")),
        "leads, no filter": (150, leads),
        "leads by industry and size": (150, lambda: leads(industry=[rng.choice(INDUSTRIES)], size=["51-200"])),
        "leads by country, seniority, new in role": (
            150,
            lambda: leads(country=["France"], seniority=["Manager"], new_in_role=True),
        ),
        "leads that worked at a customer": (150, lambda: leads(worked_at_customer=True)),
        "leads by search words": (150, lambda: leads(q=f"{rng.choice(['ann', 'ben'])} {company()[1][:5]}")),
        "leads by a frequent word": (150, lambda: leads(q="software")),
        "leads by title": (150, lambda: leads(title="head of sales")),
        "the filters' choices": (150, lambda: db.read("lead_facets", client=made.client)),
    }


REFERENCE = "leads, no filter"


def measured(ask: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[float]]:
    """Median milliseconds of `ASKS` questions in a row, each about something else."""

    async def measure() -> float:
        times = []
        for _ in range(ASKS):
            began = time.perf_counter()
            await ask()
            times.append(1000 * (time.perf_counter() - began))
        return statistics.median(times)

    return measure


async def main() -> None:
    """Seed, ask in turns, keep the results."""
    sizes = {"people": (200_000, 1_000), "positions": (8, 3), "companies": (20_000, 200), "customers": (500, 20)}
    given = options(__doc__, **sizes)
    results = Results("search", quick=given.quick)
    async with throw_away_stack() as (db, pg):
        made = await seed(db, pg, **{name: getattr(given, name) for name in sizes})
        asked = questions(db, made, random.Random(3))
        found = await in_turns(given.rounds, {name: measured(ask) for name, (_, ask) in asked.items()})
        for name, (limit, _) in asked.items():
            wanted = f"< {limit} ms"
            results.add(
                compared(
                    name, "ms", REFERENCE, found[name], found[REFERENCE], wanted=wanted, notes={"people": given.people}
                )
            )
        began, size = time.perf_counter(), 0
        async for part in leads_csv(db, made.client, {}):
            size += len(part.content)
        print(f"All {given.people:,} leads as CSV: {size / 1e6:.0f} MB in {time.perf_counter() - began:.1f} s\n")
    results.close()


if __name__ == "__main__":
    asyncio.run(main())
