"""One row's life, put in order: per step the attempts before, the current one, its sends and callbacks, its result.

Made from `insights.item`'s answer for the item page; pure, so that it can be tested without a database.
"""

from __future__ import annotations

from typing import Any

from app.text.field_names import in_words
from web.drawing.formats import parse_time

__all__ = ["timeline"]


def timeline(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Per blueprint step: its state (None when not reached), events in order, input, result, earlier results."""
    states = {state["step_index"]: state for state in data["states"]}
    return [
        step
        | {
            "state": states.get(step["index"]),
            "bucket": states[step["index"]]["bucket"] if step["index"] in states else "pending",
            "reached": step["index"] in states,
            "events": _events(states.get(step["index"]), data["callbacks"], step["index"]),
            "input": _input(step, data) if step["index"] in states else {},
            "result": data["results"].get(str(step["index"])),
            "earlier": [r for r in data["superseded"] if r["step_index"] == step["index"]],
        }
        for step in data["blueprint"]
    ]


def _input(step: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """What the step reads: the mapped cells, and over them what the steps before it found."""
    known = {field: (data["original"] or {}).get(column) for field, column in (data["mapping"] or {}).items()}
    for index in range(step["index"]):
        parsed = (data["results"].get(str(index)) or {}).get("parsed")
        known |= (parsed and parsed["value"]) or {}
    return {field: known[field] for field in step["reads"] or () if known.get(field) not in (None, "")}


def _events(state: dict[str, Any] | None, callbacks: list[dict[str, Any]], index: int) -> list[dict[str, Any]]:
    if state is None:
        return []
    events = [_event(state["created_at"], "clock", "Step reached")]
    for attempt in state["history"] or []:
        events += _attempt(attempt, "rotate-cw")
    events += _current(state)
    for callback in callbacks:
        if callback["step_index"] == index:
            words = f"Callback {in_words(callback['verdict'])}"
            events.append(_event(callback["received_at"], "webhook", words, callback["note"], callback=callback))
    return sorted(events, key=_moment)


def _moment(event: dict[str, Any]) -> float:
    at = parse_time(event["at"])
    return at.timestamp() if at else float("inf")


def _event(at: Any, icon: str, words: str, text: str | None = None, **more: Any) -> dict[str, Any]:
    return {"at": None if at in ("infinity", "-infinity") else at, "icon": icon, "words": words, "text": text} | {
        "callback": None,
        "kind": "",
        "start": None,
        **more,
    }


def _attempt(attempt: dict[str, Any], icon: str) -> list[dict[str, Any]]:
    number = attempt.get("attempt")
    events = []
    if attempt.get("started_at"):
        events.append(_event(attempt["started_at"], "play", f"Attempt {number} started"))
    if attempt.get("sent_at"):
        events.append(_event(attempt["sent_at"], "send", f"Attempt {number} sent"))
    ended = attempt.get("finished_at") or attempt.get("sent_at") or attempt.get("started_at")
    words = f"Attempt {number} ended: {attempt.get('code') or 'unknown'}"
    start = attempt.get("started_at")
    return [*events, _event(ended, icon, words, attempt.get("text"), kind="failed", start=start)]


def _current(state: dict[str, Any]) -> list[dict[str, Any]]:
    number, bucket = state["attempt"], state["bucket"]
    events = []
    if state["started_at"] and number and bucket not in ("pending", "retrying"):
        # Attempts that cost nothing, and those before a rerun, are numbered too.
        most = state["max_attempts"] + state["snoozes"]
        events.append(_event(state["started_at"], "play", f"Attempt {number} of {most} started"))
    if state["sent_at"]:
        events.append(_event(state["sent_at"], "send", f"Attempt {number} sent to Clay"))
    if state["accepted_at"]:
        events.append(_event(state["accepted_at"], "check", "Clay accepted the row"))
    if bucket in ("pending", "retrying"):
        parked = state["available_at"] == "infinity"
        words = "Waiting for another row for the same person or company" if parked else "Next attempt due"
        events.append(_event(state["available_at"], "hourglass", words))
    elif bucket == "waiting":
        events.append(_event(state["deadline_at"], "hourglass", "Waiting for Clay until"))
    elif bucket == "running":
        events.append(_event(state["lease_until"], "hourglass", "Worker due by"))
    else:
        icons = {
            "completed": "circle-check",
            "not_found": "search",
            "failed": "circle-x",
            "skipped": "skip-forward",
            "cancelled": "ban",
        }
        said = {
            "completed": "Completed",
            "not_found": "Nothing found",
            "failed": f"Failed: {state['error_code']}",
            "skipped": "Skipped: the condition was not met",
            "cancelled": "Cancelled",
        }
        text = state["not_found"] if bucket == "not_found" else state["error_text"]
        event = _event(state["finished_at"], icons[bucket], said[bucket], text, kind=bucket)
        events.append(event | {"start": state["started_at"]})
    return events
