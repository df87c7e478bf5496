"""Seeds people with work histories, as extraction would have stored them: 200,000 people with 8 positions each.

    python -m bench.seed_people [--people 200000] [--positions 8] [--companies 20000] [--customers 500]

Writes to the database of the settings (DATABASE_URL), in SQL, because the parser has a benchmark of its own. Companies
are not equally popular: a few have thousands of former employees, most have a handful. The flags of the 500 customers
are computed by the real refresh.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from dataclasses import dataclass

import asyncpg
import orjson

from app.db import Database, connect_database
from app.settings import settings
from app.text.companies import company_key

FIRST = (
    *("Nor", "Kes", "Bel", "Cor", "Val", "Tri", "Lum", "Ara", "Ver", "Sol", "Qua", "Zen"),
    *("Oct", "Hel", "Mar", "Dun", "Fal", "Gry", "Ist", "Jun", "Lar", "Mos", "Ost", "Pel"),
)
SECOND = (
    *("thgate", "trel", "mont", "dova", "tara", "vent", "inor", "quest", "bridge"),
    *("haven", "stone", "wick", "ford", "field", "ridge", "marsh", "port", "vale"),
)
THIRD = (
    *("Robotics", "Pay", "Systems", "Labs", "Energy", "Foods", "Freight"),
    *("Health", "Software", "Logistics", "Media", "Capital", "Security", "Data"),
)
INDUSTRIES = tuple(
    f"{area} {kind}"
    for area in ["Cloud", "Food", "Energy", "Medical", "Retail", "Legal", "Marine", "Solar"]
    for kind in ["Software", "Services", "Manufacturing", "Consulting", "Equipment"]
)
TITLES = ("Account Executive", "Head of Sales", "Data Analyst", "VP Marketing", "Software Engineer", "Product Manager",
          "Recruiter", "Finance Director", "Support Specialist", "Operations Manager")  # fmt: skip


@dataclass(frozen=True)
class Seeded:
    """What was made, for searches."""

    client: str
    companies: list[tuple[str, str, str]]
    customers: int
    seconds: float
    refresh_seconds: float


def company_names(count: int, rng: random.Random) -> list[tuple[str, str, str]]:
    """Distinct companies: name, key, domain."""
    found: dict[str, tuple[str, str, str]] = {}
    while len(found) < count:
        name = f"{rng.choice(FIRST)}{rng.choice(SECOND)}{rng.choice(['', '', rng.choice(SECOND)])} {rng.choice(THIRD)}"
        key = company_key(name)
        if key and key not in found:
            found[key] = (name, key, f"{key}.example")
    return list(found.values())


async def seed(
    db: Database, pg: asyncpg.Connection, *, people: int, positions: int, companies: int, customers: int
) -> Seeded:
    """Fill a new client's tables."""
    started = time.perf_counter()
    rng = random.Random(7)
    client = (await db.call("create_client", name=f"People {rng.random()} {time.time_ns()}", actor="bench"))["uid"]
    known = company_names(companies, rng)
    await pg.execute("create temp table c (n int primary key, name text, key text, domain text)")
    await pg.copy_records_to_table("c", records=[(n, *row) for n, row in enumerate(known)])
    await pg.execute("select setseed(0.42)")
    batch = await _batch(pg, client, people)
    await _leads(pg, batch, companies)
    await _positions(pg, batch, positions, companies)
    await pg.execute(
        """insert into history_companies select b.client_id, c.key, c.name from c, batches b where b.id = $1""", batch
    )
    await pg.execute("vacuum analyze final_leads")
    await pg.execute("vacuum analyze person_work_history")
    await pg.execute("vacuum analyze history_companies")
    seconds = time.perf_counter() - started
    chosen = [known[n] for n in range(5, companies, max(1, companies // customers))][:customers]
    given = [{"name": n, "name_key": k, "domain": d, "linkedin": None, "given": n} for n, k, d in chosen]
    refresh = time.perf_counter()
    await db.call("save_customers", client=client, customers=given, upload=None, replace=False, actor="bench")
    while (await db.call("refresh_customer_flags", limit=2_000))["more"]:
        pass
    refresh = time.perf_counter() - refresh
    await pg.execute("vacuum analyze final_leads")
    await pg.execute("vacuum analyze person_work_history")
    await pg.execute("drop table c")
    return Seeded(client, known, len(given), seconds, refresh)


async def _batch(pg: asyncpg.Connection, client: str, people: int) -> int:
    batch: int = await pg.fetchval(
        """with u as (
             insert into uploads (client_id, kind, filename, sha256, byte_size, row_count, state)
             select id, 'people', 'seed.csv', repeat('b', 64), 1, $2, 'READY' from clients where uid = $1::uuid
             returning id, client_id)
           insert into batches (launch_key, client_id, upload_id, pipeline_version, name, blueprint, step_count, state,
                                item_count, filled_rows, filled_through, finished_at)
           select gen_random_uuid(), client_id, id, 1, 'Seeded', '[]', 1, 'COMPLETED', $2, $2, $2, now() from u
           returning id""",
        client,
        people,
    )
    await pg.execute(
        """insert into batch_items (batch_id, row_number, state, original_data, finished_at)
           select $1, g, 'COMPLETED', '{}', now() from generate_series(1, $2::int) g""",
        batch,
        people,
    )
    return batch


async def _leads(pg: asyncpg.Connection, batch: int, companies: int) -> None:
    await pg.execute(
        """
        insert into final_leads
          (batch_item_id, item_uid, client_id, batch_id, row_number, person_name, first_name, last_name, title,
           seniority, email, linkedin, city, country, current_job_start,
           current_job_start_precision, company_name, company_key,
           company_domain, industry, size_bucket, employee_count, provenance, parser_version, content_md5, search,
           extracted_at, changed_at)
        select i.id, i.uid, b.client_id, b.id, i.row_number, p.first || ' ' || p.last, p.first, p.last, p.title,
               (array['C-level', 'Director', 'Manager', 'Entry'])[1 + i.row_number % 4],
               lower(p.first) || i.row_number || '@' || c.domain, 'https://www.linkedin.com/in/p-' || i.row_number,
               (array['Utrecht', 'Berlin', 'Lyon', 'Austin'])[1 + i.row_number % 4],
               (array['Netherlands', 'Germany', 'France', 'United States'])[1 + i.row_number % 4],
               date '2026-11-01' - (random() * 2000)::int, 'day', c.name, c.key, c.domain,
               ($3::text[])[1 + floor(random() * cardinality($3::text[]))::int],
               (array['1-10', '11-50', '51-200', '201-500', '501-1000', '1001-5000'])[1 + floor(random() * 6)::int],
               (random() * 5000)::int, '{"fields": {}, "sources": {}}', 1, md5(i.id::text),
               setweight(to_tsvector('simple', lower(p.title)), 'A')
                 || to_tsvector('simple', lower(concat_ws(' ', p.first, p.last, c.name, c.domain))), now(), now()
        from batch_items i join batches b on b.id = i.batch_id
        cross join lateral (
          select (array['Ann', 'Ben', 'Cara', 'Dov', 'Eva', 'Finn', 'Gia', 'Hugo'])[1 + i.row_number % 8] as first,
                 'Number' || i.row_number as last,
                 ($4::text[])[1 + floor(random() * cardinality($4::text[]))::int] as title,
                 floor($2 * power(random(), 2.5))::int as company) p
        join c on c.n = p.company
        where i.batch_id = $1 order by i.id""",
        batch,
        companies,
        list(INDUSTRIES),
        list(TITLES),
    )


async def _positions(pg: asyncpg.Connection, batch: int, positions: int, companies: int) -> None:
    await pg.execute(
        """
        insert into person_work_history
          (batch_item_id, position_no, client_id, company_name, company_key, company_domain, title, start_date,
           start_precision, end_date, end_precision, is_current, has_left, step_index, attempt, parser_version)
        select f.batch_item_id, p.no, f.client_id,
               case when p.no = 0 then f.company_name else c.name end,
               case when p.no = 0 then f.company_key else c.key end,
               case when p.no = 0 then f.company_domain else c.domain end,
               ($4::text[])[1 + floor(p.luck * cardinality($4::text[]))::int],
               date '2024-01-01' - 600 * p.no, 'month', case when p.no > 0 then date '2025-08-01' - 600 * p.no end,
               case when p.no > 0 then 'month'::date_precision end, p.no = 0,
               p.no > 0 and c.domain <> f.company_domain, 1, 1, 1
        from final_leads f
        cross join lateral (
          select no, random() as luck, floor($2 * power(random() + 0 * f.row_number, 2.5))::int as company
          from generate_series(0, $3 - 1) no) p
        join c on c.n = p.company
        where f.batch_id = $1""",
        batch,
        companies,
        positions,
        list(TITLES),
    )


def arguments() -> argparse.ArgumentParser:
    """How much to make."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--positions", type=int, default=8)
    parser.add_argument("--companies", type=int, default=20_000)
    parser.add_argument("--customers", type=int, default=500)
    return parser


async def main() -> None:
    """Seed the database of the settings."""
    args = arguments().parse_args()
    url = settings().database_url
    assert url is not None
    pg = await asyncpg.connect(url.get_secret_value())
    async with connect_database() as db:
        made = await seed(db, pg, **vars(args))
    await pg.close()
    print(orjson.dumps({"client": made.client, "seconds": made.seconds, "refresh_s": made.refresh_seconds}).decode())


if __name__ == "__main__":
    asyncio.run(main())
