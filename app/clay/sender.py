"""The sender: rows of a claimed chunk are composed here, and go to the client's Clay table by `app/clay/sending.py`.

The dispatcher hands over a chunk for which it has taken rate tokens. What cannot be sent at all fails here, before
anything counts as sent. The answer comes later, to a receiver that this module knows only as a URL in the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from pydantic import ValidationError

from app.clay.config import ClayConfig
from app.clay.outcomes import Row, SendReport, refuse
from app.clay.post import Answer, http_client
from app.clay.sending import Sending
from app.clay.tokens import callback_url
from app.db import Database
from app.errors import Retry, StepError
from app.settings import settings
from app.workflow import ClayWorkflow

__all__ = ["MAX_PAYLOAD_BYTES", "SendReport", "http_client", "send_chunk"]

MAX_PAYLOAD_BYTES = 100_000
"""Clay takes up to 100 KB a row (Clay community, "Understanding Clay's API limits")."""

NO_ADDRESS = Answer(
    "unsent",
    "no_address",
    "Not sent: there is no public URL yet where Clay can send its answer.",
    retry=True,
    retry_after_s=15.0,
    snooze=True,
)

Chunk = Mapping[str, Any]


async def send_chunk(
    db: Database,
    http: httpx.AsyncClient,
    chunk: Chunk,
    workflow: ClayWorkflow[Any, Any],
    base_url: str | None = None,
) -> SendReport:
    """Send a claimed chunk's rows to Clay, each at most once.

    Args:
        db: the database.
        http: `http_client()`; it guards against private addresses.
        chunk: what `claim_chunk` returned.
        workflow: composes the rows.
        base_url: where Clay's answers come in; None: where the settings say.

    Returns:
        What became of the rows. Failures of rows are in the database, not raised.

    Raises:
        DatabaseError: an outcome could not be recorded. Nothing is sent twice for that: rows marked as sent wait for
            their callback, the others go back to the queue when their lease ends.
    """
    report = SendReport()
    try:
        config = _config_model(workflow).model_validate(chunk["config"] or {})
    except ValidationError as problem:
        refusal = Answer("refused", "missing_config", _config_problem(problem, workflow.title))
        await refuse(db, report, [(item, refusal) for item in chunk["items"]])
        return report
    base = base_url or settings().public_url
    if base is None:  # the engine found one a moment ago, or this worker cannot find it
        await refuse(db, report, [(item, NO_ADDRESS) for item in chunk["items"]])
        return report
    rows = await _compose(db, report, chunk, workflow, base)
    await Sending(db, http, chunk, config, report).run(rows)
    return report


def _config_model(workflow: ClayWorkflow[Any, Any]) -> type[ClayConfig]:
    """The workflow's own config model, if it adds fields to the common one."""
    model = workflow.Config
    return model if model is not None and issubclass(model, ClayConfig) else ClayConfig


def _config_problem(problem: ValidationError, title: str) -> str:
    """What is wrong with a config, without quoting any value of it."""
    details = "; ".join(
        f"{error['loc'][0] if error['loc'] else 'config'}: {error['msg'].removeprefix('Value error, ')}"
        for error in problem.errors(include_url=False, include_input=False, include_context=False)
    )
    return f'The client\'s configuration of "{title}" is not valid ({details}). Fix it, then retry these rows.'


async def _compose(
    db: Database, report: SendReport, chunk: Chunk, workflow: ClayWorkflow[Any, Any], base: str
) -> list[Row]:
    """Turn items into request bodies; those that cannot be sent fail here, before anything counts as sent."""
    key = settings().signing_key.get_secret_value()
    rows: list[Row] = []
    refused: list[tuple[Mapping[str, Any], Answer]] = []
    for item in chunk["items"]:
        uid, attempt = item["item"], item["attempt"]
        url = callback_url(base, workflow.slug, uid, chunk["step_index"], attempt, key=key)
        ours = {"batch_item_id": uid, "attempt": attempt, "callback_url": url, "workflow_slug": workflow.slug}
        try:
            body = orjson.dumps(workflow.compose(item["fields"], item["original"], chunk["mapping"]) | ours)
        except StepError as problem:
            delay_s = problem.delay_s if isinstance(problem, Retry) else None
            refused.append((item, Answer("refused", problem.code, problem.message, problem.retried, delay_s)))
            continue
        except Exception as problem:  # noqa: BLE001 -- a workflow's own code may fail in any way; its text is the reason
            refused.append((item, Answer("refused", "workflow_error", f"{type(problem).__name__}: {problem}")))
            continue
        if len(body) > MAX_PAYLOAD_BYTES:
            text = f"The row is {len(body):,} bytes as JSON; Clay accepts up to {MAX_PAYLOAD_BYTES:,}. It was not sent."
            refused.append((item, Answer("refused", "payload_too_large", text)))
        else:
            rows.append(Row(item["state_id"], attempt, body))
    await refuse(db, report, refused)
    return rows
