"""Whatever an address, a form or a header says, a page answers in words: never with an error of ours.

Every route of the application is asked, as it is registered; a new one is in here by itself.
"""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.web.kit import Scene, csrf
from tests.web.odd_values import (
    CURSORS,
    LONGEST_QUERY,
    NAMES,
    ODD,
    ODD_HEADERS,
    RAW,
    Prober,
    address,
    form,
    places,
    routes,
    some,
)
from web.asking.paging import pack
from web.session.security import seal


@pytest.fixture
async def share(scene: Scene) -> str:
    return str(
        (await scene.db.call("create_share_link", client=scene.client, label="", filters={}, days=9, actor="t"))["uid"]
    )


@pytest.fixture
async def token(operator: httpx.AsyncClient) -> str:
    return csrf(await operator.get("/clients"))


async def test_no_route_stumbles_over_an_odd_path(
    operator: httpx.AsyncClient, app: FastAPI, scene: Scene, share: str, token: str
) -> None:
    prober = Prober(operator, token)
    for method, path in routes(app):
        if "{" in path:
            for odd in ("\x00", "a\x00b", "9" * 30, "-1", "\U0001f600", "x" * 3000):
                await prober.ask(method, address(path, scene, places(scene, share), odd))
    assert not prober.faults


async def test_no_page_stumbles_over_an_odd_query(
    operator: httpx.AsyncClient, app: FastAPI, scene: Scene, share: str, token: str
) -> None:
    prober = Prober(operator, token)
    for number, (method, path) in enumerate(routes(app)):
        if method == "GET":
            plain = address(path, scene, places(scene, share))
            for odd in some(number):
                await prober.ask(method, f"{plain}?{form([(name, odd[:LONGEST_QUERY]) for name in NAMES]).decode()}")
            for raw in RAW[:: 1 + number % 3]:
                await prober.ask(method, f"{plain}?after={raw}&q={raw}&client={raw}&{raw}={raw}")
    assert not prober.faults


MULTIPART = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n--x--\r\n'
BODIES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe=\xed\xa0\x80&a=%ff", "application/x-www-form-urlencoded"),
    (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
    (PART % (b"a", b"", b"1"), MULTIPART),
    (PART % (b"file", b'; filename="\x00.csv"', b"\xff"), MULTIPART),
    (PART % (b"files", b'; filename="a.csv"', b"1"), MULTIPART),
    (PART % (b"client", b'; filename="a"', b"1"), MULTIPART),
    (b"garbage", "multipart/form-data"),
    (b"garbage", MULTIPART),
    (b'{"a": [', "application/json"),
    (b"", "text/plain"),
)


async def test_no_form_stumbles_over_odd_values(
    operator: httpx.AsyncClient, app: FastAPI, scene: Scene, share: str, token: str
) -> None:
    prober = Prober(operator, token)
    for number, (method, path) in enumerate(routes(app)):
        if method != "GET":
            plain = address(path, scene, places(scene, share))
            for odd in some(number):
                await prober.ask(method, plain, form([(name, odd) for name in NAMES]))
            for body, kind in BODIES:
                await prober.ask(method, plain, body, **{"content-type": kind})
    assert not prober.faults


async def test_no_header_stumbles_a_page(
    operator: httpx.AsyncClient, app: FastAPI, scene: Scene, share: str, token: str
) -> None:
    prober = Prober(operator, token)
    for number, (method, path) in enumerate(routes(app)):
        plain = address(path, scene, places(scene, share))
        for name, value in ODD_HEADERS[number % 3 :: 3]:
            await prober.ask(method, plain, b"", **{name: value})
    assert not prober.faults


async def test_a_share_page_does_not_stumble_either(guest: httpx.AsyncClient, scene: Scene, share: str) -> None:
    ends = int(await scene.pg.fetchval("select extract(epoch from expires_at)::bigint from share_links"))
    prober = Prober(guest, "")
    for link in (share, "x", None, [], {}, 5, "\x00", str(uuid4())):
        sealed = seal("share", {"link": link, "ends": ends})
        for page in ("", "/leads.csv"):
            await prober.ask("GET", f"/share/{sealed}{page}")
    good = seal("share", {"link": share, "ends": ends})
    for odd in (*ODD[:20], *(pack(value) or "" for value in CURSORS)):
        for page in ("", "/leads.csv"):
            await prober.ask(
                "GET", f"/share/{good}{page}?{form([(name, odd[:LONGEST_QUERY]) for name in NAMES]).decode()}"
            )
    for forged in (
        seal("share", [1]),
        seal("share", {"ends": "x"}),
        seal("share", {"ends": ends}),
        good[:-1],
        "%00.%00",
        ".",
    ):
        await prober.ask("GET", f"/share/{forged}")
    assert not prober.faults


PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(st.sampled_from(ODD), st.text(max_size=40))), max_size=8)


@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_mixture_of_odd_values_stumbles_a_route(  # noqa: PLR0917 -- fixtures
    data: st.DataObject, operator: httpx.AsyncClient, app: FastAPI, scene: Scene, share: str, token: str
) -> None:
    prober = Prober(operator, token)
    method, path = data.draw(st.sampled_from(routes(app)))
    odd = data.draw(st.one_of(st.none(), st.text(min_size=1, max_size=20)))
    plain = address(path, scene, places(scene, share), odd)
    pairs = form(data.draw(PAIRS))
    await prober.ask(method, f"{plain}?{pairs.decode()}", None if method == "GET" else form(data.draw(PAIRS)))
    assert not prober.faults
