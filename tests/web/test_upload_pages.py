"""What an operator does with an upload: brings files, corrects the mapping, looks for rows and takes them along."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import orjson

from tests.web.forms_kit import Hands, actions
from tests.web.kit import FORMULA, SCRIPT, Scene, people_csv

ONE_ROW = b"Vorname,Ort\nAda,Oslo\n"


async def test_a_form_without_script_uploads_several_files(hands: Hands, scene: Scene) -> None:
    files = [("files", ("a.csv", people_csv(3), "text/csv")), ("files", ("b.csv", b"", "text/csv"))]
    answer = await hands.http.post(f"/clients/{scene.client}/uploads", data={"csrf_token": hands.token}, files=files)
    page = await hands.told(answer)
    assert "a.csv: 3 rows." in page
    assert "b.csv:" in page


async def test_duplicates_are_found_within_the_file_and_in_earlier_ones(hands: Hands, scene: Scene) -> None:
    assert "Duplicates checked" in await hands.told(
        await hands.post(f"/clients/{scene.client}/uploads/{scene.hostile}/duplicates")
    )
    page = await hands.http.get(f"/clients/{scene.client}/uploads/{scene.hostile}/rows?show=repeated")
    assert "row 1" in page.text


async def test_the_mapping_is_changed_by_hand(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.hostile}"
    fields = ["first_name", "last_name", "company_name", "email", "", "title"]
    page = await hands.told(await hands.post(f"{path}/mapping", [("field", f) for f in fields]))
    assert "Mapping saved" in page
    mapping = orjson.loads(
        await scene.pg.fetchval("select mapping::text from uploads where uid = $1::uuid", scene.hostile)
    )
    assert mapping["title"] == "Odd column"
    assert "website" not in mapping
    twice = await hands.told(await hands.post(f"{path}/mapping", [("field", f) for f in ["email"] * 2 + [""] * 4]))
    assert "Two columns cannot both be" in twice


async def test_a_mapping_is_confirmed_used_for_the_next_file_and_forgotten(hands: Hands, scene: Scene) -> None:
    content = b"Vorname,Wo,Site\nAda,Oslo,tern.no\n"
    path = f"/clients/{scene.client}/uploads"
    first = await scene.ingest(content, "first.csv")
    assert "Your saved mapping also applies to this client" in (await hands.http.get(f"{path}/{first}")).text
    fields = [("field", name) for name in ("first_name", "city", "website")]
    said = await hands.told(await hands.post(f"{path}/{first}/mapping", fields))
    assert "next file with these columns will be mapped the same way" in said
    assert "Mapping confirmed on " in (await hands.http.get(f"{path}/{first}")).text
    assert "No changes to save." in await hands.told(await hands.post(f"{path}/{first}/mapping", fields))

    second = await scene.ingest(b"site,wo,vorname\nterna.no,Rom,Jo\n", "second.csv")
    page = (await hands.http.get(f"{path}/{second}")).text
    assert f"Mapped as confirmed on {datetime.now(UTC):%-d %b %Y} by operator@example.test" in page
    assert '<option value="city" selected>' in page
    told = await hands.told(await hands.post(f"{path}/{second}/mapping/forget"))
    assert "Mapping forgotten. This file is mapped automatically again." in told
    page = (await hands.http.get(f"{path}/{second}")).text
    assert "Mapped as" not in page
    assert '<option value="city" selected>' not in page
    assert (await actions(scene, 1))[0].startswith("operator@example.test forget_mapping")


async def test_a_mapping_that_is_right_is_confirmed_as_it_is(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{await scene.ingest(ONE_ROW, 'a.csv')}"
    fields = [("field", name) for name in ("first_name", "city")]
    assert "Mapping confirmed." in await hands.told(await hands.post(f"{path}/mapping", fields))


async def test_a_field_that_does_not_exist_is_refused(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.hostile}/mapping"
    fields = [("field", name) for name in ("shoe size", "", "", "", "", "")]
    assert "“shoe size” is not a field" in await hands.told(await hands.post(path, fields))


async def test_columns_mapped_by_their_values_are_named(hands: Hands, scene: Scene) -> None:
    rows = "".join(f"p{n},https://www.linkedin.com/in/ada-king-{n}\n" for n in range(5))
    upload = await scene.ingest(f"Vorname,Feld 7\n{rows}".encode(), "odd.csv")
    page = (await hands.http.get(f"/clients/{scene.client}/uploads/{upload}")).text
    assert "“Feld 7” contains LinkedIn profiles, so it is mapped to linkedin." in page
    assert "by values" in page


async def test_original_rows_come_back_whole_and_harmless(hands: Hands, scene: Scene) -> None:
    answer = await hands.http.get(f"/clients/{scene.client}/uploads/{scene.hostile}/rows.csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["First Name", "Last Name", "Company", "Email", "Website", "Odd column"]
    assert rows[1][2] == SCRIPT
    assert rows[1][5] == "'" + FORMULA
    assert rows[2][5] == "two\nlines"
    assert len(rows) == 4


async def test_searching_rows_looks_into_every_column(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.hostile}/rows"
    assert "grace@navy.example" in (await hands.http.get(path, params={"q": "NAVY"})).text
    assert "No row contains" in (await hands.http.get(path, params={"q": "zebra"})).text
