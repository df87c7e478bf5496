"""Extraction of 20,000 person payloads of 10 KB: the parser alone, and a whole replay from the database back into it.

    python -m bench.extraction [--payloads 20000] [--rounds 3] [--quick]

Every payload is another person with eight positions at companies out of 20,000, so that caches help no more than they
do in life. "Parser" reads JSON text and ends with the rows that the database gets. "Replay" is `leadloom extract` over
a finished batch: read through the HTTP API, understood, stored as leads and positions with all their indexes; then the
same again, where nothing changes. Peak memory is that of this process and its largest worker.
"""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import asyncpg
import orjson

from app.db import Database
from app.engine.replay import extract_batches
from app.extraction.evidence import evidence_from
from app.extraction.rows import item_row
from bench.kit.options import options
from bench.kit.results import Notes, Results, compared
from bench.kit.rounds import in_turns
from bench.seed_people import TITLES, company_names
from bench.stack import throw_away_stack

WORDS = (
    *("Own", "pipeline", "data", "and", "tooling", "across", "regions", "with", "a", "calm"),
    *("team", "that", "ships", "what", "customers", "ask", "for", "every", "week"),
)
MAPPING = {"email": "Email", "company_name": "Company"}


def payload(number: int, companies: list[tuple[str, str, str]], rng: random.Random) -> bytes:
    """One callback's body of about 10 KB."""

    def text(words: int) -> str:
        return " ".join(rng.choice(WORDS) for _ in range(words))

    def position(no: int) -> dict[str, Any]:
        name, key, domain = rng.choice(companies)
        return {
            "url": f"https://www.linkedin.com/company/{key}",
            "title": rng.choice(TITLES),
            "org_id": rng.randrange(10**8),
            "company": name,
            "summary": text(95),
            "start_date": f"{2024 - 2 * no}-{rng.randrange(1, 13):02}-01",
            "end_date": None if no == 0 else f"{2026 - 2 * no}-{rng.randrange(1, 13):02}-01",
            "locality": "Utrecht, Netherlands",
            "is_current": no == 0,
            "company_domain": domain,
        }

    history = [position(no) for no in range(8)]
    record = {
        "url": f"https://www.linkedin.com/in/person-{number}",
        "name": f"Ann Number{number}",
        "first_name": "Ann",
        "last_name": f"Number{number}",
        "headline": text(8),
        "title": history[0]["title"],
        "org": history[0]["company"],
        "summary": text(120),
        "country": "Netherlands",
        "location_name": "Utrecht, Utrecht, Netherlands",
        "latest_experience": history[0],
        "current_experience": history[:1],
        "experience": history,
        "education": [{"degree": "MSc", "school_name": "Example University", "start_date": "2001", "end_date": "2005"}],
        "skills": text(60).split(),
    }
    return orjson.dumps({"status": "success", "linkedin_url": record["url"], "raw_payload": record})


def payloads(count: int) -> Iterator[bytes]:
    """Payloads, the same at every call."""
    rng = random.Random(11)
    companies = company_names(20_000, rng)
    for number in range(count):
        yield payload(number, companies, rng)


def understand(texts: list[bytes]) -> int:
    """JSON text in, rows out; returns how many positions were found."""
    found = 0
    for number, text in enumerate(texts):
        result = {"step": 1, "workflow": "enrich_person_clay", "attempt": 1, "source": "clay", "at": "2026-11-20"}
        evidence = evidence_from(
            {"Email": f"p{number}@acme.example", "Company": "Acme"},
            MAPPING,
            [result | {"raw": orjson.loads(text), "parsed": {}}],
        )
        row = item_row(number, evidence)
        found += len(row["positions"])
        assert orjson.dumps(row)
    return found


def measure_parser(texts: list[bytes], processes: int) -> float:
    """Payloads a second."""
    parts = [texts[n : n + 500] for n in range(0, len(texts), 500)]
    if processes == 1:
        started = time.perf_counter()
        found = sum(map(understand, parts))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("forkserver"), initializer=gc.disable) as pool:
            list(pool.map(understand, [[texts[0]]] * processes))
            started = time.perf_counter()
            found = sum(pool.map(understand, parts))
    seconds = time.perf_counter() - started
    assert found == 8 * len(texts), found
    return len(texts) / seconds


async def finished_batch(pg: asyncpg.Connection, client: str, count: int) -> str:
    """A finished batch whose person step was answered with these payloads."""
    batch = await pg.fetchrow(
        """with u as (
             insert into uploads (client_id, kind, filename, sha256, byte_size, row_count, state, mapping)
             select id, 'people', 'bench.csv', repeat('c', 64), 1, $2, 'READY', $3::text::jsonb from clients
             where uid = $1::uuid returning id, client_id)
           insert into batches (launch_key, client_id, upload_id, pipeline_version, name, blueprint, step_count, state,
                                item_count, filled_rows, filled_through, finished_at)
           select gen_random_uuid(), client_id, id, 1, 'Bench', '[]', 2, 'COMPLETED', $2, $2, $2, now() from u
           returning id, uid""",
        client,
        count,
        orjson.dumps(MAPPING).decode(),
    )
    await pg.execute(
        """insert into batch_items (batch_id, row_number, state, original_data, finished_at)
           select $1, g, 'COMPLETED', jsonb_build_object('Email', 'p' || g || '@acme.example', 'Company', 'Acme'), now()
           from generate_series(1, $2::int) g""",
        batch["id"],
        count,
    )
    ids = [
        row["id"] for row in await pg.fetch("select id from batch_items where batch_id = $1 order by id", batch["id"])
    ]
    insert = """insert into enrichment_results (batch_item_id, step_index, step_name, attempt, source, raw, parsed)
                values ($1, 1, 'enrich_person_clay', 1, 'clay', $2::text::jsonb, '{}')"""
    pairs: list[tuple[int, str]] = []
    for item, text in zip(ids, payloads(count), strict=True):
        pairs.append((item, text.decode()))
        if len(pairs) == 1_000:
            await pg.executemany(insert, pairs)
            pairs = []
    await pg.executemany(insert, pairs)
    await pg.execute("vacuum analyze enrichment_results")
    return str(batch["uid"])


def peak_mb() -> float:
    """Peak memory of this process plus that of its largest worker."""
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + child) / 1024


class Replays:
    """A finished batch, extracted again and again: the first time everything is new, then nothing changes."""

    def __init__(self, db: Database, pg: asyncpg.Connection, count: int) -> None:
        self._db, self._pg, self._count = db, pg, count
        self._batch = ""

    async def prepare(self) -> None:
        """Make the batch."""
        client = (await self._db.call("create_client", name="Extraction", actor="bench"))["uid"]
        self._batch = await finished_batch(self._pg, client, self._count)

    async def new(self) -> float:
        """Payloads a second where every lead and position is new."""
        await self._pg.execute("truncate person_work_history, final_leads cascade")
        return await self.again()

    async def again(self) -> float:
        """Payloads a second of one replay."""
        began = time.perf_counter()
        [report] = await extract_batches(self._db, [self._batch])
        assert report.done == self._count, report
        return self._count / (time.perf_counter() - began)


async def main() -> None:
    """Measure in turns, and keep the results."""
    given = options(__doc__, payloads=(20_000, 500))
    texts = list(payloads(min(given.payloads, 4_000)))
    results = Results("extraction", quick=given.quick)
    measure_parser(texts[:200], 1)  # tables of words are read when first needed
    async with throw_away_stack() as (db, pg):
        replays = Replays(db, pg, given.payloads)
        await replays.prepare()

        async def parser(processes: int) -> float:
            return await asyncio.to_thread(measure_parser, texts, processes)

        found = await in_turns(
            given.rounds,
            {
                "parser": lambda: parser(1),
                "parser, 2 processes": lambda: parser(2),
                "replay, everything new": replays.new,
                "replay, nothing changes": replays.again,
            },
        )
    of = "parser alone, 1 process"
    kb = round(sum(map(len, texts)) / len(texts) / 1024, 1)
    for name in list(found)[1:]:
        notes: Notes = {"payload_kb": kb, "peak_mb": round(peak_mb())}
        results.add(compared(name, "payloads/s", of, found[name], found["parser"], notes=notes))
    results.close()


if __name__ == "__main__":
    asyncio.run(main())
