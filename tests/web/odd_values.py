"""Odd values for whatever a request can carry, and what sends them to every route and looks at the answers."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.web.kit import Scene
from web.asking.paging import pack

NAMES = (
    *[
        "action",
        "actor",
        "add",
        "after",
        "again",
        "archived",
        "batch",
        "bucket",
        "budget",
        "client",
        "code",
        "cols",
        "company",
        "country",
        "customer",
        "do",
    ],
    *[
        "domain",
        "doubts",
        "email",
        "error_code",
        "estimate",
        "field",
        "filename",
        "from_year",
        "industry",
        "kind",
        "label",
        "launch_key",
        "lines",
    ],
    *[
        "mode",
        "months",
        "name",
        "new",
        "next",
        "page",
        "pipeline",
        "q",
        "request_key",
        "rows",
        "scope",
        "seniority",
        "share_webhook",
        "show",
        "size",
    ],
    *[
        "state",
        "status",
        "step",
        "step_index",
        "title",
        "to_year",
        "tried",
        "version",
        "webhook_url",
        "worked",
        "works",
        "days",
        "department",
        "key",
        "workflow",
    ],
    *[
        "timeout_s",
        "max_attempts",
        "retry_delay_s",
        "condition_field",
        "condition_op",
        "condition_value",
        "rate_per_second",
    ],
    *["password", "csrf_token", "verdict", "sort", "reason", "from", "to", "id", "uid"],
    *("odd\x00name", "odd name", "\U0001f600"),
)

CURSORS: tuple[Any, ...] = (
    *(-1, 2**31, 2**63 - 1, 2**63, 1.5, "a", "a\x00", "\x00", [], {}, [1], ["a", 1], ["a", "b"], [None], [[]]),
    *({"a": "b\x00"}, True, "00000000-0000-0000-0000-000000000000", ["a\x00", 5], ["", ""], [["x"], {"y": 1}]),
)
ODD = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "1.5",
        "1e9",
        "9" * 20,
        "9" * 400,
        "\x00",
        "a\x00b",
        "'",
        '"',
        "%",
        "_",
        "\\",
        "\\u0000",
    ),
    *("{", "[]", "null", "true", "NaN", "-Infinity", "2147483648", "32768", "00000000-0000-0000-0000-000000000000"),
    *("{x}", "\U0001f600", "\u202eabc", "\u0661\u0662", "../../etc/passwd", "<script>", "x" * 5000, "a:b", "(", "&"),
    *("|", "!", "*", "a & b", ":*", "0001-01-01", "99999-99-99", "//evil.example", "http://[", "\r\nx: y", "\ufeff"),
    *("save", "overwrite", "add:x", "up:", "people", "leads", "replace", "first"),
    *(pack(value) or "" for value in CURSORS),
    base64.urlsafe_b64encode(b"[1e999,%d]" % 10**80).decode(),
)

LONGEST_QUERY = 400

RAW = ("%ff%fe", "%ed%a0%80", "%", "%zz", "%00", "+", "%F0%9F", "=", "&&", ";", "%C0%80")
"""Percent signs as no library writes them: bytes that are no UTF-8, lone surrogates, broken ends."""

ODD_HEADERS = (
    *(("hx-request", "true"), ("hx-request", "x"), ("hx-current-url", "http://["), ("hx-current-url", "x" * 4000)),
    *(("hx-target", "\xe9"), ("hx-target", "#launch-preview"), ("hx-ptag", "\xe9"), ("x-forwarded-for", "\xe9")),
    *(("x-forwarded-for", ",,,"), ("x-forwarded-for", "1.2.3.4, x"), ("x-forwarded-proto", ","), ("host", "[")),
    *(("host", "a b"), ("host", "x:y:z"), ("host", ""), ("accept-encoding", "\xe9")),
    ("content-type", "multipart/form-data"),
)

PROBE = "/readyz"
"""Says 503 while no engine runs: that is its answer."""


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route, those of the embedded routers included."""
    found = []
    routers = (getattr(one, "original_router", None) for one in app.routes)
    registered = (route for router in routers if router for route in router.routes)
    for route in registered:
        if isinstance(route, APIRoute):
            found += [(method, route.path) for method in sorted(route.methods) if method != "HEAD"]
    assert len(found) > 60
    return found


def places(scene: Scene, share: str) -> dict[str, str]:
    """Something real for every parameter of a path, so that the odd part gets as far as it can."""
    item = scene.items["failed0"]
    return {
        "client": scene.client, "upload": scene.hostile, "link": share, "item": item, "slug": "enrich_company_clay",
        "step": "0", "part": "raw", "token": "abc.def", "workflow_slug": "enrich_company_clay", "workflow": "x",
    }  # fmt: skip


def address(path: str, scene: Scene, known: dict[str, str], odd: str | None = None) -> str:
    """A path with its parameters filled in; `odd` stands in for the last of them."""
    names = re.findall(r"{(\w+)", path)
    if path.startswith("/clients/{client}/uploads"):
        uid = scene.hostile
    elif path.startswith("/batches"):
        uid = scene.batch
    elif path.startswith("/items"):
        uid = scene.items["failed0"]
    elif path.startswith("/pipelines"):
        uid = scene.pipeline
    else:
        uid = scene.client
    values = known | {"uid": uid}
    for number, name in enumerate(names, 1):
        value = values.get(name, str(uuid4()))
        if odd is not None and number == len(names):
            value = quote(odd, safe="")
        path = re.sub(rf"{{{name}[^}}]*}}", lambda _, v=value: v, path, count=1)
    return path


def some(number: int) -> Iterator[str]:
    """A fifth of the odd values, another one for each route: pages share their readers."""
    return itertools.islice(ODD, number % 5, None, 5)


class Prober:
    """Asks, and notes what came back as an error of ours."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http, self.token = http, token
        self.faults: list[tuple[Any, ...]] = []

    async def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> None:
        """One request; a form unless told otherwise."""
        given = {"x-csrf-token": self.token, "content-type": "application/x-www-form-urlencoded"} | headers
        sent = {name: value.encode("latin-1") for name, value in given.items()}
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        if path.startswith("/sign-out"):
            return
        try:
            answer = await self.http.request(
                method, httpx.URL("https://leadloom.example", raw_path=path.encode()), content=body,
                headers=sent | {"cookie": cookies.encode()},
            )  # fmt: skip
        except httpx.HTTPError as error:  # the transport hands on what the application raised
            self.faults.append((method, path[:150], body and body[:150], headers, repr(error)))
            return
        if answer.status_code >= 500 and path.partition("?")[0] != PROBE:
            self.faults.append((method, path[:150], body and body[:150], headers, answer.status_code))


def form(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> bytes:
    """As a browser writes it."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs).encode()
