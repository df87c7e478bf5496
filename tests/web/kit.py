"""A signed-in operator and something to look at: clients, uploads, batches with rows in every state.

Used by the route tests (through ASGI), the browser tests and the screenshots alike.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from app.db import Database
from app.engine.entities import place_rows
from app.intake import ingest as uploads
from app.local.samples.files import write_people
from app.setup.clients import create_client
from app.setup.configs import save_workflow_config
from app.setup.pipelines import create_pipeline, ensure_templates
from app.workflows import registry_rows
from tests.conftest import TestStack

EMAIL = "operator@example.test"
PASSWORD = "a long enough password"
SECRET = "clay-secret-token-that-nobody-may-see"
TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')
SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://evil.example","x")'


async def make_user(
    stack: TestStack, email: str = EMAIL, *, role: str | None = "admin", password: str = PASSWORD
) -> None:
    """A user of Supabase Auth; with the role `admin` unless told otherwise."""
    metadata = {"role": role} if role else {}
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{stack.url}/auth/v1/admin/users",
            headers={"apikey": stack.secret_key, "authorization": f"Bearer {stack.secret_key}"},
            json={"email": email, "password": password, "email_confirm": True, "app_metadata": metadata},
        )
    assert answer.status_code in (200, 201), answer.text


async def sign_in(
    http: httpx.AsyncClient, email: str = EMAIL, password: str = PASSWORD, target: str = ""
) -> httpx.Response:
    """Fill in the form as a browser does; cookies stay in the client."""
    form = await http.get("/sign-in")
    token = TOKEN.search(form.text)
    assert token is not None
    fields = {"email": email, "password": password, "csrf_token": token[1], "next": target}
    return await http.post("/sign-in", data=fields)


def csrf(page: httpx.Response) -> str:
    """The token of a page's forms."""
    found = TOKEN.search(page.text) or re.search(r'name="csrf-token" content="([0-9a-f]+)"', page.text)
    assert found is not None, "no CSRF token on this page"
    return found[1]


def people_csv(rows: int = 40, *extra: str) -> bytes:
    """A realistic export; `extra` lines are appended as they are."""
    file = io.BytesIO()
    write_people(file, rows)
    return file.getvalue() + "".join(f"{line}\r\n" for line in extra).encode()


HOSTILE_CSV = (
    "First Name,Last Name,Company,Email,Website,Odd column\r\n"
    f'Ada,Lovelace,"{SCRIPT}",ada@engines.example,engines.example,"{FORMULA.replace(chr(34), chr(34) * 2)}"\r\n'
    'Grace,Hopper,Navy,grace@navy.example,navy.example,"two\nlines"\r\n'
    "Ada,Lovelace,Engines,ada@engines.example,engines.example,again\r\n"
).encode()


@dataclass
class Scene:
    """What there is to look at; uids by name."""

    db: Database
    pg: asyncpg.Connection
    client: str = ""
    upload: str = ""
    hostile: str = ""
    pipeline: str = ""
    template: str = ""
    batch: str = ""
    done: str = ""
    items: dict[str, str] = field(default_factory=dict)

    async def set_up(self) -> Scene:
        """A client with two uploads, a pipeline, a config, a batch in the middle of its life and a finished one."""
        await self.db.call("sync_registry", workflows=registry_rows())
        await ensure_templates(self.db)
        self.client = (await create_client(self.db, "Alder & Finch", actor="test"))["uid"]
        self.upload = await self.ingest(people_csv(), "people.csv")
        self.hostile = await self.ingest(HOSTILE_CSV, "<b>hostile</b>.csv")
        steps: list[dict[str, Any]] = [
            {"workflow": "normalize_name"},
            {"workflow": "enrich_company_clay", "settings": {"max_attempts": 3}},
        ]
        self.pipeline = (
            await create_pipeline(self.db, self.client, "Names, then Clay", "people", steps, actor="test")
        )["uid"]
        self.template = await self.pg.fetchval(
            "select uid::text from enrichment_pipelines where client_id is null and name = 'Clean up only'"
        )
        config = {
            "webhook_url": "https://api.clay.example/v3/sources/webhook/abc",
            "auth_token": SECRET,
            "receiver_token": "receiver-" + SECRET,
        }
        await save_workflow_config(self.db, self.client, "enrich_company_clay", config, actor="test")
        self.done = await self.launch(self.hostile, self.template)
        for _ in range(3):
            await self._answer(self.done, 10)
        self.batch = await self.launch(self.upload, self.pipeline)
        await self.play()
        self.items = dict(
            await self.pg.fetch(
                """select distinct on (1) leadloom.bucket(s.status, s.attempt, s.sent_at) || s.step_index, i.uid::text
                   from workflow_states s join batch_items i on i.id = s.batch_item_id
                   where s.batch_id = (select id from batches where uid = $1::uuid)""",
                self.batch,
            )
        )
        return self

    async def ingest(self, content: bytes, name: str) -> str:
        """Upload a file."""
        return (await uploads.ingest(self.db, content, client=self.client, filename=name, actor="test")).uid

    async def launch(self, upload: str, pipeline: str) -> str:
        """Launch and fill a batch."""
        answer = await self.db.call(
            "launch_batch", launch_key=str(uuid4()), upload=upload, pipeline=pipeline, row_limit=None, name=None,
            budget=None, actor="test",
        )  # fmt: skip
        await self.db.call("fill_batches", limit=20_000)
        return str(answer["batch"])

    async def play(self) -> None:
        """Move the first batch into the middle of its life: rows in every state."""
        await self._answer(self.batch, 20)
        items = await self._claim(self.batch, 16)
        slow = [i for i in items if i["step_index"] == 0]
        names = [_ref(i) for i in slow]
        await self._fail(names[:4], "workflow_error", "The name is made of emoji only.", retry=False)
        await self._fail(names[4:8], "workflow_error", "Try again later.", retry=True)
        paid = [_ref(i) for i in items if i["step_index"] == 1]
        if paid:
            args = {"url_sha256": "f" * 64, "client_id": 1, "cap": 50_000}
            await self.db.call("mark_sending", items=paid[:8], **args)
            done = [p | {"parsed": {"industry": "Farming"}, "raw": {"a": [1, 2]}, "source": "clay"} for p in paid[:3]]
            await self.db.call("complete_items", items=done)
            await self._fail(paid[8:11], "clay_not_found", "The webhook is gone.", retry=False)

    async def _answer(self, batch: str, count: int) -> None:
        done = [
            _ref(i) | {"parsed": {"person_name": "Someone"}, "source": "computed"}
            for i in await self._claim(batch, count)
        ]
        await self.db.call("complete_items", items=done)
        await self.db.call("advance_completed_items", limit=2000)

    async def _claim(self, batch: str, count: int) -> list[dict[str, Any]]:
        slugs = [row["slug"] for row in registry_rows()]
        items = []
        await place_rows(self.db)
        chunks = (await self.db.call("dispatch_pending_items", limit=count, chunk_size=500, workflows=slugs))["chunks"]
        for chunk in chunks:
            claimed = await self.db.call("claim_chunk", chunk=chunk["chunk_id"])
            items += [
                item | {"step_index": claimed["step_index"], "batch": claimed["batch"]} for item in claimed["items"]
            ]
        return [item for item in items if item["batch"] == batch]

    async def _fail(self, refs: list[dict[str, Any]], code: str, text: str, *, retry: bool) -> None:
        failed = [ref | {"code": code, "text": text, "retry": retry, "retry_after_s": 600} for ref in refs]
        await self.db.call("fail_items", items=failed)


def _ref(item: dict[str, Any]) -> dict[str, Any]:
    return {"state_id": item["state_id"], "attempt": item["attempt"]}
