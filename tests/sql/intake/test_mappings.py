"""A mapping that somebody confirmed is used for the client's next file of the same shape, and for nobody else's."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.engine.launching import launch_file
from app.engine.retention.erasure import Person, erase
from app.errors import ConflictError, InputError, NotFoundError
from app.intake import ingest
from app.intake.duplicates import find_duplicates
from app.intake.ingest import UploadResult
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client

FIRST = b"Vorname,Name,Wo,Wer,E-Mail\nAda,King,Oslo,Tern Ltd,ada@tern.no\nJo,Berg,Rom,Acme,jo@acme.it\n"
NEXT = b"e_mail,WER,Vorname,Name,wo\nkim@acme.it,Acme,Kim,Day,Graz\n"
MAPPING = {"first_name": "Vorname", "last_name": "Name", "city": "Wo", "company_name": "Wer", "email": "E-Mail"}
CARRIED = {"first_name": "Vorname", "last_name": "Name", "city": "wo", "company_name": "WER", "email": "e_mail"}


@pytest.fixture
async def client(db: Database) -> str:
    await sync_catalogue(db)
    return str((await create_client(db, "Northgate", actor="test"))["uid"])


async def read(db: Database, client: str, content: bytes, **options: Any) -> UploadResult:
    options = {"filename": "list.csv", "actor": "test", "allow_duplicate": True} | options
    return await ingest.ingest(db, content, client=client, **options)


async def confirm(db: Database, upload: UploadResult, mapping: dict[str, str], **options: Any) -> dict[str, bool]:
    saved: dict[str, bool] = await db.call(
        "save_mapping", upload=upload.uid, mapping=mapping, actor="kim@agency.com", **options
    )
    return saved


async def test_the_next_file_of_the_same_shape_is_mapped_as_confirmed(db: Database, client: str) -> None:
    first = await read(db, client, FIRST)
    assert first.mapping != MAPPING
    assert first.report["remembered"] is None
    assert await confirm(db, first, MAPPING) == {"changed": True, "remembered": True}
    second = await read(db, client, NEXT)
    assert second.mapping == CARRIED
    assert second.report["remembered"]["confirmed_by"] == "kim@agency.com"
    assert second.report["automatic_mapping"] == {"first_name": "Vorname", "last_name": "Name", "email": "e_mail"}
    assert second.unrecognised == []


async def test_rows_are_keyed_by_the_remembered_mapping(db: Database, pg: asyncpg.Connection, client: str) -> None:
    content = b"Vorname,Name,x\nAda,King,ada@tern.no\nEva,Lind,ada@tern.no\n"
    await confirm(db, await read(db, client, content), {"email": "x"})
    second = await read(db, client, content)
    await find_duplicates(db, second.uid)
    assert (
        await pg.fetchval("select in_file from upload_scans s join uploads u on u.id = s.upload_id order by u.id desc")
        == 1
    )


@pytest.mark.parametrize(
    "other",
    [
        FIRST.replace(b"Wo", b"Ort"),
        FIRST.replace(b",E-Mail", b"").replace(b",ada@tern.no", b"").replace(b",jo@acme.it", b""),
    ],
)
async def test_a_file_of_another_shape_is_not(db: Database, client: str, other: bytes) -> None:
    await confirm(db, await read(db, client, FIRST), MAPPING)
    assert (await read(db, client, other)).report["remembered"] is None


async def test_nor_is_another_clients_file(db: Database, client: str) -> None:
    await confirm(db, await read(db, client, FIRST), MAPPING)
    other = (await create_client(db, "Southgate", actor="test"))["uid"]
    assert (await read(db, other, FIRST)).report["remembered"] is None
    shape = (await db.read("remembered_mappings", client=other, header_shape="0" * 64), client)[0]
    assert shape == []


async def test_the_kind_is_remembered_with_it(db: Database, client: str) -> None:
    content = b"Wer,Wo,Was\nTern Ltd,Oslo,Boats\nAcme,Rom,Screws\n"
    assert (await read(db, client, content)).kind == "people"
    first = await read(db, client, content, kind="companies")
    await confirm(db, first, {"company_name": "Wer", "company_city": "Wo", "industry": "Was"})
    second = await read(db, client, content)
    assert (second.kind, second.mapping["company_city"]) == ("companies", "Wo")
    assert not [w for w in second.report["warnings"] if w["code"] == "kind"]
    assert (await read(db, client, content, kind="customers")).report["remembered"] is None


async def test_a_launch_of_what_was_confirmed_is_not_refused_for_its_look(db: Database, client: str) -> None:
    content = b"Company Name,Website,Who\nTern Ltd,tern.no,Ada King\n"
    first = await read(db, client, content, kind="people")
    await confirm(db, first, {"company_name": "Company Name", "person_name": "Who"})
    launched = await launch_file(
        db,
        content,
        client="Northgate",
        pipeline="Clean up only",
        filename="list.csv",
        launch_key=uuid4(),
        actor="test",
        allow_duplicate=True,
    )
    assert (launched["rows"], launched["mapping_confirmed"] is not None) == (1, True)


async def test_saving_is_idempotent_and_audited(db: Database, pg: asyncpg.Connection, client: str) -> None:
    first = await read(db, client, FIRST)
    assert await confirm(db, first, first.mapping) == {"changed": False, "remembered": True}
    assert await confirm(db, first, first.mapping) == {"changed": False, "remembered": False}
    key = str(uuid4())
    assert await confirm(db, first, MAPPING, request=key) == {"changed": True, "remembered": True}
    assert await confirm(db, first, MAPPING, request=key) == {"changed": True, "remembered": True}
    noted = await pg.fetch("select detail from audit_log where action = 'save_mapping' order by id")
    assert [json.loads(row["detail"])["remembered"] for row in noted] == [True, True]
    assert await pg.fetchval("select count(*) from remembered_mappings") == 1


async def test_a_later_confirmation_takes_the_place_of_an_earlier_one(db: Database, client: str) -> None:
    first = await read(db, client, FIRST)
    await confirm(db, first, MAPPING)
    await confirm(db, await read(db, client, NEXT), {"email": "e_mail"})
    assert (await read(db, client, FIRST)).mapping == {"email": "E-Mail"}


async def test_it_can_be_forgotten(db: Database, pg: asyncpg.Connection, client: str) -> None:
    automatic = (await read(db, client, FIRST)).mapping
    await confirm(db, await read(db, client, FIRST), MAPPING)
    second = await read(db, client, FIRST)
    args = {"upload": second.uid, "client": client, "actor": "kim@agency.com"}
    assert await db.call("forget_mapping", **args) == {"changed": True, "forgotten": True}
    assert await db.call("forget_mapping", **args) == {"changed": False, "forgotten": False}
    mapping = await pg.fetchval("select mapping from uploads where uid = $1", second.uid)
    assert json.loads(mapping) == automatic
    assert (await read(db, client, FIRST)).mapping == automatic
    assert await pg.fetchval("select count(*) from audit_log where action = 'forget_mapping'") == 1
    other = (await create_client(db, "Southgate", actor="test"))["uid"]
    with pytest.raises(NotFoundError):
        await db.call("forget_mapping", **(args | {"client": other}))


async def test_it_goes_with_the_client(db: Database, pg: asyncpg.Connection, client: str) -> None:
    first = await read(db, client, FIRST)
    await confirm(db, first, MAPPING)
    deletion = await db.call("request_deletion", kind="upload", subject=first.uid, confirm="list.csv", actor="test")
    while not (await db.call("delete_portion", deletion=deletion["uid"]))["done"]:
        pass
    assert await pg.fetchval("select count(*) from remembered_mappings") == 1, "columns are not the file's data"
    await db.call("archive_client", client=client, archived=True, actor="test")
    with pytest.raises(ConflictError, match="archived"):
        await read(db, client, FIRST)
    deletion = await db.call("request_deletion", kind="client", subject=client, confirm="Northgate", actor="test")
    while not (done := await db.call("delete_portion", deletion=deletion["uid"]))["done"]:
        pass
    assert done["counts"]["remembered_mappings"] == 1
    assert await pg.fetchval("select count(*) from remembered_mappings") == 0


async def test_a_person_in_the_header_is_erased_from_it(db: Database, pg: asyncpg.Connection, client: str) -> None:
    content = b"Vorname,ada@tern.no\nJo,x\n"
    await confirm(db, await read(db, client, content), {"first_name": "Vorname", "email": "ada@tern.no"})
    await erase(db, Person.of(email="ada@tern.no"), actor="test")
    assert "ada@tern.no" not in await pg.fetchval("select mapping::text from remembered_mappings")
    assert (await read(db, client, content)).mapping == {"first_name": "Vorname"}


@pytest.mark.parametrize(
    ("choices", "mapping"),
    [
        ([("Wo", "city")], {"city": "Wo"}),
        ([("wo", "City"), ("WER", "company-name")], {"city": "Wo", "company_name": "Wer"}),
        ([("Wo", "last_name")], {"last_name": "Wo"}),
        ([("Name", "person_name")], {"last_name": None, "person_name": "Name"}),
        ([("Vorname", "")], {"first_name": None}),
        ([("Vorname", "title"), ("Name", "first_name")], {"title": "Vorname", "first_name": "Name", "last_name": None}),
        ([], {}),
    ],
)
async def test_what_is_asked_for_goes_before_what_is_seen(
    db: Database, client: str, choices: list[tuple[str, str]], mapping: dict[str, str | None]
) -> None:
    seen = {"first_name": "Vorname", "last_name": "Name", "email": "E-Mail"} | mapping
    upload = await read(db, client, FIRST, choices=choices)
    assert upload.mapping == {name: column for name, column in seen.items() if column}
    assert set(upload.unrecognised) | set(upload.mapping.values()) | set(upload.report["unused"]) == set(upload.header)


async def test_and_before_what_is_remembered_but_is_not_remembered_itself(db: Database, client: str) -> None:
    await confirm(db, await read(db, client, FIRST), MAPPING)
    assert (await read(db, client, FIRST, choices=[("Wo", "country")])).mapping == {
        n: c for n, c in (MAPPING | {"country": "Wo"}).items() if n != "city"
    }
    assert (await read(db, client, FIRST)).mapping == MAPPING


async def test_a_wrong_choice_stores_nothing(db: Database, pg: asyncpg.Connection, client: str) -> None:
    with pytest.raises(InputError, match=r"The file has no column “Vornam”\. Did you mean “Vorname”\?"):
        await read(db, client, FIRST, choices=[("Vornam", "first_name")])
    assert await pg.fetchval("select count(*) from uploads") == 0


async def test_a_reader_that_goes_on_with_another_mapping_has_all_rows_keyed_again(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    uid = str(uuid4())
    told = {"client": client, "kind": "people", "filename": "x.csv", "sha256": "a" * 64, "byte_size": 1, "report": {}}
    told |= {"header": ["a", "b"], "allow_duplicate": False, "actor": "test", "upload": uid}
    await db.call("begin_upload", mapping={"email": "a"}, **told)
    await db.call("append_rows", upload=uid, first_row=1, rows=[["x@y.de", "z@y.de"]], keys=[7])
    await db.call("begin_upload", mapping={"email": "b"}, **told)
    await db.call("finish_upload", upload=uid, row_count=1, report={}, key_version=1)
    await find_duplicates(db, uid)
    assert await pg.fetchval("select key from upload_keys") != 7
