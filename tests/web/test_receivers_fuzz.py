"""Anything at all at the receivers, from strangers and with good tokens: refused or answered, never an error of ours.

Pages are asked the same way in `test_borders.py`.
"""

from __future__ import annotations

import gzip
import zlib
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.db import Database
from tests.clay_kit import RECEIVER_TOKEN, SLUG, Claimed, make_clay_world

QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
KEYS = st.sampled_from(
    (
        "status",
        "error",
        "batch_item_id",
        "attempt",
        "raw_payload",
        "name",
        "domain",
        "experience",
        "linkedin_url",
        "url",
    )
)
ANSWERS = st.dictionaries(KEYS, JSON, max_size=8)
BODIES = (
    st.binary(max_size=400) | ANSWERS.map(lambda body: repr(body).encode()) | JSON.map(lambda body: str(body).encode())
)
ROWS = 20
FORGED = st.from_regex(r"[0-9a-f]{8}-0000-4000-8000-[0-9a-f]{12}\.\d\.\d\.[\w-]{43}")
ENCODINGS = st.sampled_from(("", "gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "x"))


@pytest.fixture
async def sent(db: Database, pg: asyncpg.Connection) -> list[Claimed]:
    """Rows that wait for their callbacks."""
    return await (await make_clay_world(db, pg)).sent(ROWS)


def judge(answer: httpx.Response) -> None:
    assert answer.status_code < 500, (answer.request.url, answer.request.content[:200], answer.text)
    assert "Traceback" not in answer.text
    assert 'File "' not in answer.text


@QUICK
@given(
    method=st.sampled_from(("POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH")),
    slug=st.sampled_from((SLUG, "enrich_person_clay", "nothing")) | st.text(max_size=40),
    token=st.none() | st.text(max_size=80) | FORGED,
    authorization=st.none() | HEADER_TEXT | HEADER_TEXT.map(lambda text: f"Bearer {text}"),
    body=BODIES,
    encoding=ENCODINGS,
)
async def test_strangers_are_refused_and_nothing_of_theirs_is_stored(  # noqa: PLR0917 -- fixtures and draws
    guest: httpx.AsyncClient,
    pg: asyncpg.Connection,
    method: str,
    slug: str,
    token: str | None,
    authorization: str | None,
    body: bytes,
    encoding: str,
) -> None:
    path = f"/clay/{quote(slug, safe='')}" + (f"/{quote(token, safe='')}" if token else "")
    headers = {"content-encoding": encoding} | ({"authorization": authorization} if authorization else {})
    answer = await guest.request(method, path, content=body, headers=headers)
    judge(answer)
    assert answer.status_code >= 400
    assert await pg.fetchval("select count(*) from callback_inbox") == 0


@QUICK
@given(
    place=st.integers(0, ROWS - 1),
    body=BODIES | ANSWERS.map(lambda body: str(body).replace("'", '"').encode()),
    kind=st.sampled_from(("application/json", "text/plain", "application/x-www-form-urlencoded", "x")),
    encoding=ENCODINGS,
    packed=st.booleans(),
    fixed=st.booleans(),
)
async def test_whatever_comes_with_a_good_token_is_taken_or_refused(  # noqa: PLR0917 -- the same
    guest: httpx.AsyncClient,
    pg: asyncpg.Connection,
    sent: list[Claimed],
    place: int,
    body: bytes,
    kind: str,
    encoding: str,
    packed: bool,
    fixed: bool,
) -> None:
    if packed:
        body = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(body)
    headers = {"content-type": kind, "content-encoding": encoding}
    if fixed:
        headers["authorization"] = f"Bearer {RECEIVER_TOKEN}"
    path = f"/clay/{SLUG}" + ("" if fixed else f"/{sent[place].token()}")
    judge(await guest.post(path, content=body, headers=headers))
    left = await pg.fetchval("select count(*) from callback_inbox where verdict = 'received'")
    assert left == 0, "an answer that was taken was not settled"
