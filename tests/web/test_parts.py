"""The pure parts of the pages: how values are written, the chart's geometry, the builder's clicks, forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from app.errors import InputError
from app.setup.step_checks import missing_inputs, row_fields
from app.text.numbers import plural
from web.asking.config_forms import ConfigError, form_fields, parse_config
from web.asking.forms import Form
from web.asking.paging import pack, unpack
from web.asking.pipeline_editor import Editor, Step
from web.drawing import formats
from web.drawing.charts import BARS, HEIGHT, WIDTH, chart, eta_seconds, rate_per_minute
from web.drawing.timeline import timeline
from web.session.security import open_sealed, seal

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"), (0, "0 s"), (5.0, "5 s"), (12, "12 s"),
        (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3599, "59 min"),
        (3600, "1 h"), (7500, "2 h 5 min"), (86_400, "1 d"), (270_000, "3 d 3 h"), (None, "\u2013"),
    ],
)  # fmt: skip
def test_durations_read_as_people_say_them(seconds: float | None, words: str) -> None:
    assert formats.duration(seconds) == words


@pytest.mark.parametrize(
    ("back", "words"),
    [(3, "just now"), (-3, "just now"), (30, "30 s ago"), (240, "4 min ago"), (-7200, "in 2 h"), (259_200, "3 d ago")],
)
def test_times_are_relative_until_a_month_has_gone(back: float, words: str) -> None:
    assert formats.relative(NOW - timedelta(seconds=back), NOW) == words
    assert formats.relative(NOW - timedelta(days=40), NOW) == "14 Oct 2026"


def test_shares_never_claim_all_or_nothing_falsely() -> None:
    assert formats.percent(1, 100_000) == "<1 %"
    assert formats.percent(99_999, 100_000) == "99 %"
    assert formats.percent(0, 10) == "0 %"
    assert formats.percent(0, 0) == "\u2013"


def test_numbers_are_grouped_and_counted_words_bent() -> None:
    assert formats.num(1_234_567) == "1,234,567"
    assert formats.credits(1234.5) == "1,234.5 credits"
    assert formats.credits(1) == "1 credit"
    assert plural(1, "batch", "batches") == "1 batch"
    assert plural(1200, "row") == "1,200 rows"
    assert formats.filesize(1_234_567) == "1.2 MB"


def points(*values: tuple[int, int, int, int]) -> list[list[Any]]:
    """Chart points: minutes after noon, ended, failed, steps."""
    return [[(NOW + timedelta(minutes=m)).isoformat(), ended, failed, steps] for m, ended, failed, steps in values]


def test_a_chart_keeps_every_row_and_its_frame() -> None:
    many = points(*((m, 10, 1, 20) for m in range(600)))
    drawn = chart(many)
    assert drawn is not None
    assert len(drawn.bars) <= BARS
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 1 for bar in drawn.bars)
    assert all(bar.ended + bar.failed <= HEIGHT + 2 for bar in drawn.bars)
    assert chart(points((0, 0, 0, 5))) is None
    assert chart([]) is None


def batch(**changes: Any) -> dict[str, Any]:
    """A running batch of 100 rows and two steps: 20 rows a minute at the first, 5 at the second."""
    return {
        "state": "RUNNING",
        "item_count": 100,
        "pace": [[0, 20, 60], [1, 5, 60]],
        "steps": [{"index": 0, "buckets": {"completed": 60}}, {"index": 1, "buckets": {"completed": 10}}],
    } | changes


def test_time_to_go_is_that_of_the_slowest_step_without_what_is_lost() -> None:
    assert rate_per_minute(batch()) == pytest.approx(25)
    assert eta_seconds(batch()) == pytest.approx(90 * 12)
    lossy = [{"index": 0, "buckets": {"completed": 60, "failed": 40}}, {"index": 1, "buckets": {"completed": 10}}]
    assert eta_seconds(batch(steps=lossy)) == pytest.approx(50 * 12)
    assert eta_seconds(batch(state="PAUSED")) is None
    waits = [{"index": 0, "buckets": {"completed": 60}}, {"index": 1, "buckets": {"held": 50}, "holds": ["budget"]}]
    assert eta_seconds(batch(steps=waits)) is None, "nobody knows when it gets its budget"
    assert eta_seconds(batch(pace=[])) is None
    assert rate_per_minute(batch(pace=[])) is None


WORKFLOWS = {
    "split": {"required": [], "writes": ["phone", "email"]},
    "call": {"required": ["phone"], "writes": ["answer"]},
    "judge": {"required": ["answer", "email"], "writes": []},
}


def test_a_step_is_told_what_it_lacks_and_who_would_provide_it() -> None:
    gaps = missing_inputs(["judge", "call", "split"], WORKFLOWS, {"email"})
    assert [(g.field, g.later) for g in gaps[0]] == [("answer", 1)]
    assert [(g.field, g.later) for g in gaps[1]] == [("phone", 2)]
    assert missing_inputs(["split", "call", "judge"], WORKFLOWS, set()) == [[], [], []]
    assert missing_inputs(["gone"], WORKFLOWS, set()) == [[]]


def test_rows_bring_the_identity_columns_that_their_kind_can_have() -> None:
    assert {"email", "company_domain", "linkedin"} <= row_fields("people")
    assert "first_name" not in row_fields("companies")
    assert row_fields("people", {"email": "E-mail"}) == {"email"}


TITLES = {"a": "A", "b": "B", "c": "C"}


def test_the_builder_does_what_its_buttons_say() -> None:
    editor = Editor("P", "people", 1, [Step("a", key="1"), Step("b", key="2")])
    editor.apply("add:c:0", TITLES)
    assert [s.workflow for s in editor.steps] == ["c", "a", "b"]
    editor.apply("down:1", TITLES)
    assert [s.workflow for s in editor.steps] == ["c", "b", "a"]
    editor.apply("up:nobody", TITLES)
    editor.apply("down:1", TITLES)
    assert [s.workflow for s in editor.steps] == ["c", "b", "a"]
    editor.apply("remove:2", TITLES)
    assert (editor.said, [s.workflow for s in editor.steps]) == ("B removed.", ["c", "a"])
    with pytest.raises(InputError):
        editor.apply("add:unknown", TITLES)


def test_a_step_survives_the_form_with_settings_it_does_not_show() -> None:
    saved = {
        "workflow": "a",
        "label": "EU",
        "settings": {"max_attempts": 4, "reuse_days": 30, "condition": {"field": "f", "op": "in", "value": ["x", "y"]}},
    }
    assert Step.from_saved(saved).to_save(1) == saved
    assert Step.from_saved({"workflow": "a"}).to_save(1) == {"workflow": "a"}


class Model(BaseModel):
    """A config like those of workflows."""

    url: str
    token: SecretStr | None = None
    rate: float = 10
    on: bool = False


def test_secrets_are_kept_cleared_or_replaced_and_never_drawn() -> None:
    fields = form_fields(Model.model_json_schema(), {"url": "u", "rate": 5}, ["token"])
    by_name = {f.name: f for f in fields}
    assert (by_name["token"].kind, by_name["token"].value, by_name["token"].is_set) == ("secret", None, True)
    stored = {"url": "u", "token": "old", "rate": 5}
    typed = [("url", "v"), ("rate", "1,000")]
    assert parse_config(Model, fields, Form(typed), stored)["token"] == "old"
    assert parse_config(Model, fields, Form([*typed, ("clear_token", "1")]), stored)["token"] is None
    assert parse_config(Model, fields, Form([*typed, ("token", "new")]), stored)["token"] == "new"
    assert parse_config(Model, fields, Form(typed), stored)["rate"] == 1000
    with pytest.raises(ConfigError) as refused:
        parse_config(Model, fields, Form([("rate", "fast"), ("token", "geheim")]), None)
    assert set(refused.value.problems) == {"url", "rate"}
    assert "geheim" not in str(refused.value.problems)


def test_cursors_survive_a_url_and_garbage_starts_anew() -> None:
    assert unpack(pack(["ä/+?", 7])) == ["ä/+?", 7]
    assert pack(None) is None
    for junk in ("", None, "!!", "abc", "eyJ"):
        assert unpack(junk) is None


@pytest.mark.usefixtures("stack")
def test_a_sealed_value_opens_only_whole_and_for_its_purpose() -> None:
    sealed = seal("flash", {"said": "Hello"})
    assert open_sealed("flash", sealed) == {"said": "Hello"}
    assert open_sealed("other", sealed) is None
    assert open_sealed("flash", sealed[:-1] + ("0" if sealed[-1] != "0" else "1")) is None
    assert open_sealed("flash", "x") is None
    assert open_sealed("flash", None) is None


def test_a_timeline_is_in_order_with_attempts_sends_and_callbacks() -> None:
    at = [(NOW + timedelta(minutes=m)).isoformat() for m in range(10)]
    state = {
        "step_index": 0, "bucket": "completed", "created_at": at[0], "started_at": at[3], "sent_at": at[4],
        "accepted_at": at[5], "finished_at": at[7], "attempt": 2, "max_attempts": 3, "snoozes": 0, "error_code": None,
        "error_text": None, "available_at": at[0], "deadline_at": None, "lease_until": None,
        "history": [
            {"attempt": 1, "started_at": at[1], "sent_at": None, "finished_at": at[2], "code": "x", "text": "y"},
        ],
    }  # fmt: skip
    callback = {
        "id": 1,
        "step_index": 0,
        "received_at": at[6],
        "verdict": "applied",
        "note": None,
        "size": 2,
        "body": "",
    }
    data = {
        "blueprint": [{"index": 0, "reads": []}, {"index": 1, "reads": []}], "states": [state], "results": {},
        "superseded": [], "callbacks": [callback], "original": {}, "mapping": {},
    }  # fmt: skip
    first, second = timeline(data)
    assert [e["words"] for e in first["events"]] == [
        "Step reached", "Attempt 1 started", "Attempt 1 ended: x", "Attempt 2 of 3 started", "Attempt 2 sent to Clay",
        "Clay accepted the row", "Callback applied", "Completed",
    ]  # fmt: skip
    assert (second["reached"], second["events"]) == (False, [])


def test_a_steps_input_is_the_mapped_cells_under_what_earlier_steps_found() -> None:
    steps = [{"index": 0, "reads": ["email", "title"]}, {"index": 1, "reads": ["email", "company_name", "keywords"]}]
    states = [
        {
            "step_index": index, "bucket": "pending", "created_at": NOW.isoformat(), "started_at": None,
            "sent_at": None, "accepted_at": None, "attempt": 0, "available_at": NOW.isoformat(), "history": [],
        }
        for index in range(2)
    ]  # fmt: skip
    data = {
        "blueprint": steps, "states": states, "superseded": [], "callbacks": [],
        "original": {"Mail": " Ada@x.example", "Company": "Engines", "Title": ""},
        "mapping": {"email": "Mail", "company_name": "Company", "title": "Title"},
        "results": {"0": {"parsed": {"size": 9, "value": {"email": "ada@x.example"}}}},
    }  # fmt: skip
    first, second = timeline(data)
    assert first["input"] == {"email": " Ada@x.example"}
    assert second["input"] == {"email": "ada@x.example", "company_name": "Engines"}
