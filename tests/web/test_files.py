"""Files over HTTP: sent in pieces in short requests, refused in words, downloaded in parts, never cut unseen."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.intake import pieces
from app.results import export_jobs, exports
from tests.files_kit import PIECE, finished
from tests.web.kit import FORMULA, HOSTILE_CSV, Scene, csrf, people_csv
from web.asking import limits
from web.drawing import downloads

NOBODY = "00000000-0000-0000-0000-000000000000"


class Sender:
    """Sends files as the page's script does."""

    def __init__(self, http: httpx.AsyncClient, token: str, client: str) -> None:
        self.http, self.base = http, f"/clients/{client}/files"
        self.headers = {"x-csrf-token": token, "x-leadloom-upload": "1"}

    async def announce(self, content: bytes, **about: Any) -> httpx.Response:
        known = {"filename": "new.csv", "byte_size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        return await self.http.post(self.base, json=known | about, headers=self.headers)

    async def piece(self, job: dict[str, Any], content: bytes, number: int, **headers: str) -> httpx.Response:
        part = content[number * job["piece_bytes"] :][: job["piece_bytes"]]
        digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
        sent = self.headers | {"content-digest": f"sha-256=:{digest}:"} | headers
        return await self.http.put(f"{self.base}/{job['uid']}/pieces/{number}", content=part, headers=sent)

    async def whole(self, content: bytes, **about: Any) -> dict[str, Any]:
        job: dict[str, Any] = (await self.announce(content, **about)).json()
        for number in job["missing"]:
            job = (await self.piece(job, content, number)).json()
        return job


@pytest.fixture
async def sender(operator: httpx.AsyncClient, scene: Scene) -> Sender:
    """A signed-in browser on the client's page."""
    return Sender(operator, csrf(await operator.get("/clients")), scene.client)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small file has many."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", PIECE)


async def test_a_file_of_many_pieces_is_read_by_a_worker(sender: Sender, scene: Scene, small_pieces: None) -> None:
    header, *known = csv.reader(io.StringIO(people_csv().decode("utf-8-sig")))
    _, *others = csv.reader(io.StringIO(people_csv(300).decode("utf-8-sig")))
    file = io.StringIO()
    csv.writer(file).writerows([header, *known, *others])
    job = await sender.whole(file.getvalue().encode())
    assert job["state"] == "WAITING"
    page = await sender.http.get(f"{sender.base}/{job['uid']}")
    assert "Reading starts" in page.text
    assert "new.csv" in (await sender.http.get(sender.base)).text
    await finished(scene.db, job["uid"])
    told = (await sender.http.get(f"{sender.base}/{job['uid']}", headers=sender.headers)).json()
    assert (told["state"], told["result"]["rows"]) == ("READY", 340)
    led = await sender.http.get(f"{sender.base}/{job['uid']}")
    page = await sender.http.get(led.headers["location"])
    # Forty people are those of the upload that was there before.
    found = re.search(r'In earlier uploads</span><span class="value">(\d+)<', page.text)
    assert found is not None
    assert int(found[1]) >= 40


async def test_a_small_file_is_read_in_the_request(sender: Sender) -> None:
    job = await sender.whole(people_csv(7), kind="people")
    assert (job["state"], job["result"]["rows"]) == ("READY", 7)


async def test_a_piece_that_was_damaged_on_the_way_is_asked_for_again(
    sender: Sender, scene: Scene, small_pieces: None
) -> None:
    content = people_csv(100)
    job = (await sender.announce(content)).json()
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert (await sender.piece(job, content, 0, **{"content-digest": f"sha-256=:{wrong}:"})).status_code == 400
    for header in ("", "sha-256=:x:", "md5=:x:"):
        assert (await sender.piece(job, content, 0, **{"content-digest": header})).status_code == 422
    assert (await sender.announce(content)).json()["missing"] == job["missing"]
    after = (await sender.piece(job, content, 0)).json()
    assert 0 not in after["missing"]
    assert (await sender.piece(job, content, 0)).json()["missing"] == after["missing"]


async def test_refusals_say_what_to_do_and_the_same_file_asks_first(sender: Sender, scene: Scene) -> None:
    refused = await sender.whole(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    assert (refused["state"], refused["code"]) == ("FAILED", None)
    assert "save it as CSV" in refused["hint"]
    same = (await sender.announce(HOSTILE_CSV)).json()
    assert (same["state"], same["code"]) == ("FAILED", "same_file")
    assert "already uploaded this file" in same["error"]
    assert (await sender.whole(HOSTILE_CSV, again=True))["state"] == "READY"
    large = await sender.announce(b"x", byte_size=2 * 10**9)
    assert large.status_code == 422
    assert "the limit is 200 MB" in large.json()["message"]


async def test_a_file_belongs_to_its_client(sender: Sender, scene: Scene, small_pieces: None) -> None:
    content = people_csv(50)
    job = (await sender.announce(content)).json()
    elsewhere = Sender(sender.http, sender.headers["x-csrf-token"], NOBODY)
    assert (await elsewhere.piece(job, content, 0)).status_code == 404
    assert (await sender.http.get(f"{elsewhere.base}/{job['uid']}")).status_code == 404
    assert (await elsewhere.announce(content)).status_code == 404
    assert (await sender.http.put(f"{sender.base}/{job['uid']}/pieces/0", content=b"x")).status_code == 403


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text(), max_size=2))
ANNOUNCED = st.dictionaries(st.sampled_from(["filename", "byte_size", "sha256", "kind", "again"]), ODD, max_size=3)
FORM = "multipart/form-data"
BODIES = (
    FORM,
    f"{FORM}; boundary=x",
    f"{FORM}; boundary=x; charset=nonsense",
    "multipart/mixed; boundary=x",
    "form",
    "",
)
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
odd_requests = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@odd_requests
@given(changes=ANNOUNCED, raw=st.none() | st.binary(max_size=80), number=st.integers() | VISIBLE)
async def test_odd_announcements_and_pieces_are_refused_in_words(
    sender: Sender, changes: dict[str, Any], raw: bytes | None, number: Any
) -> None:
    known = {"filename": "x.csv", "byte_size": 9, "sha256": "a" * 64} | changes
    content = json.dumps(known).encode() if raw is None else raw
    answer = await sender.http.post(sender.base, content=content, headers=sender.headers)
    assert answer.status_code < 500, content
    assert answer.status_code == 200 or answer.json()["message"], content
    path = f"{sender.base}/{NOBODY}/pieces/{quote(str(number), safe='')}"
    answer = await sender.http.put(path, content=raw or b"", headers=sender.headers)
    assert 400 <= answer.status_code < 500, path


@odd_requests
@given(
    name=st.text(max_size=20),
    kind=st.text(max_size=10) | st.sampled_from(["people", ""]),
    kind_of_body=st.sampled_from(BODIES),
    odd=st.tuples(st.sampled_from([None, "-1", "x", "9" * 30, "\u0663"]), st.integers(0, 400)),
)
async def test_odd_forms_are_refused_in_words(
    sender: Sender, name: str, kind: str, kind_of_body: str, odd: tuple[str | None, int]
) -> None:
    length, cut = odd
    fields = [f'name="kind"\r\n\r\n{kind}', f'name="files"; filename="{name}"\r\n\r\nFirst Name,Email\r\nAnn,a@x.org']
    body = "".join(f"--x\r\nContent-Disposition: form-data; {field}\r\n" for field in fields) + "--x--\r\n"
    headers: dict[str, Any] = {"x-csrf-token": sender.headers["x-csrf-token"], "content-type": kind_of_body}
    if length is not None:
        headers["content-length"] = length.encode()
    content = body.encode("utf-8", "surrogatepass")[: len(body) - cut if cut < 200 else None]
    answer = await sender.http.post(f"{sender.base[:-5]}uploads", content=content, headers=headers)
    assert answer.status_code < 500, (answer.status_code, content)


async def test_what_is_too_large_is_refused_before_it_is_read(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'
        while True:
            taken += 100_000
            yield b"x" * 100_000

    monkeypatch.setattr(limits, "MOST", 300_000)
    headers = {"content-type": "multipart/form-data; boundary=x", "x-csrf-token": sender.headers["x-csrf-token"]}
    target = f"{sender.base[:-5]}uploads"
    answer = await sender.http.post(target, content=endless(), headers=headers)
    assert (answer.status_code, "200 MB" in answer.text, taken <= 500_000) == (413, True, True)
    answer = await sender.http.post(target, content=b"x", headers=headers | {"content-length": str(2 * 10**9)})
    assert (answer.status_code, "200 MB" in answer.text) == (413, True)
    page = await sender.http.get(f"/clients/{sender.base.split('/')[2]}")
    assert "200 MB per file" in page.text


@pytest.fixture
def long_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a short list is a long one."""
    monkeypatch.setattr(downloads, "MOST_AT_ONCE", 10)
    monkeypatch.setattr(exports, "PAGE_ROWS", 7)
    monkeypatch.setattr(export_jobs, "PIECE_BYTES", 2_000)


async def test_a_long_export_is_a_job_with_a_download_in_parts(
    sender: Sender, scene: Scene, long_exports: None
) -> None:
    http, path = sender.http, f"/clients/{scene.client}/uploads/{scene.upload}/rows.csv"
    led = await http.get(path)
    assert led.status_code == 303
    page = led.headers["location"]
    assert "Waiting to start" in (await http.get(page)).text
    assert (await http.get(f"{page}/file")).status_code == 409
    assert (await http.get(path)).headers["location"] == page
    await finished(scene.db, page.rsplit("/", 1)[1])
    assert "Download" in (await http.get(page)).text
    assert page in (await http.get("/exports")).text
    whole = await http.get(f"{page}/file")
    assert int(whole.headers["content-length"]) == len(whole.content)
    assert "content-encoding" not in whole.headers or whole.headers["content-encoding"] == "identity"
    known = list(csv.reader(io.StringIO(people_csv().decode("utf-8-sig"))))
    assert [row[0] for row in csv.reader(io.StringIO(whole.content.decode("utf-8-sig")))] == [row[0] for row in known]
    tag, size = whole.headers["etag"], len(whole.content)
    for asked, part in [("0-0", slice(0, 1)), ("1999-4001", slice(1999, 4002)), (f"{size - 3}-", slice(-3, None)),
                        ("-5", slice(-5, None)), (f"100-{size * 2}", slice(100, None))]:  # fmt: skip
        got = await http.get(f"{page}/file", headers={"range": f"bytes={asked}", "if-range": tag})
        assert (got.status_code, got.content) == (206, whole.content[part]), asked
        assert got.headers["content-range"].endswith(f"/{size}")
    for asked in ("5-2", "x", "1-2,4-5", "-"):
        assert (await http.get(f"{page}/file", headers={"range": f"bytes={asked}"})).status_code == 200
    assert (await http.get(f"{page}/file", headers={"range": f"bytes={size}-"})).status_code == 416
    other = await http.get(f"{page}/file", headers={"range": "bytes=5-", "if-range": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)


async def test_every_export_says_its_length_or_why_there_is_none(
    sender: Sender, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = sender.http
    here = f"/clients/{scene.client}"
    for path in (f"{here}/leads.csv", f"{here}/people.csv?company=acme", "/leads.parquet",
                 f"{here}/uploads/{scene.upload}/rows.csv", f"/batches/{scene.batch}/export.csv"):  # fmt: skip
        answer = await http.get(path)
        assert (answer.status_code, int(answer.headers["content-length"])) == (200, len(answer.content)), path
        assert "attachment" in answer.headers["content-disposition"]
    nowhere = f"/clients/{NOBODY}"
    for path in (f"{nowhere}/leads.csv", f"{nowhere}/leads.parquet", f"{nowhere}/people.csv",
                 f"{here}/uploads/{NOBODY}/rows.csv", f"{nowhere}/uploads/{scene.upload}/rows.csv",
                 f"/batches/{NOBODY}/export.csv", f"/exports/{NOBODY}", f"/exports/{NOBODY}/file", "/share/x/leads.csv",
                 f"/share/x/exports/{NOBODY}/file"):  # fmt: skip
        assert (await http.get(path)).status_code == 404, path
    for query in ("cols=wrong", "cols=email&cols=wrong"):
        assert (await http.get(f"/leads.csv?{query}")).status_code == 422
    for query in (
        "batch=x",
        "from_year=99999999999999999999",
        "to_year=x",
        "company=%00",
        "customer=x",
        "q=%F0%9F%98%80'",
    ):
        assert (await http.get(f"/people.csv?{query}")).status_code < 500, query
        assert (await http.get(f"/leads.csv?{query}")).status_code < 500, query
    original = await http.get(f"/clients/{scene.client}/uploads/{scene.hostile}/rows.csv")
    assert "'" + FORMULA in [cell for row in csv.reader(io.StringIO(original.text)) for cell in row]
    # What breaks in the middle is an error page, not half a file.
    monkeypatch.setattr(exports, "PAGE_ROWS", 1)
    await scene.pg.execute("alter function leadloom.row_outcome rename to gone")
    assert (await http.get(f"/batches/{scene.batch}/export.csv")).status_code == 500


async def test_a_share_link_gets_its_own_long_exports_only(
    sender: Sender, guest: httpx.AsyncClient, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST_AT_ONCE", -1)
    tokens = []
    for _ in range(2):
        form = {"csrf_token": sender.headers["x-csrf-token"], "days": "2", "request_key": str(uuid4())}
        await sender.http.post(f"/clients/{scene.client}/share", data=form)
        page = await sender.http.get(f"/clients/{scene.client}/share")
        tokens = list(dict.fromkeys(re.findall(r"/share/([\w=-]+\.\w+)", page.text)))
    assert len(tokens) == 2
    led = (await guest.get(f"/share/{tokens[0]}/leads.csv")).headers["location"]
    assert led.startswith(f"/share/{tokens[0]}/exports/")
    await finished(scene.db, led.rsplit("/", 1)[1])
    assert "Download" in (await guest.get(led)).text
    assert (await guest.get(f"{led}/file")).status_code == 200
    assert (await guest.get(led.replace(tokens[0], tokens[1]))).status_code == 404
    assert (await guest.get(f"{led}/file".replace(tokens[0], tokens[1]))).status_code == 404


async def test_the_page_says_what_was_assumed_and_how_many_cells_steps_will_mend(
    operator: httpx.AsyncClient, scene: Scene
) -> None:
    content = 'First Name,Last Name,Company\nJosÃ©,PÃ©rez, "Tern, Vale & Co"\n'.encode()
    upload = await scene.ingest(content, "damaged.csv")
    page = (await operator.get(f"/clients/{scene.client}/uploads/{upload}")).text
    assert "2 cells were damaged by a wrong encoding before" in page
    assert "Some cells have spaces before their quotation marks" in page


async def test_where_no_file_is_on_its_way_the_page_leads_to_the_upload(sender: Sender) -> None:
    page = (await sender.http.get(sender.base)).text
    assert [w for w in ("Alder &amp; Finch", "No files in progress", "Upload a file") if w not in page] == []
    assert (await sender.http.get(f"/clients/{NOBODY}/files")).status_code == 404
