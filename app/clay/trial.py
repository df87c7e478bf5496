"""Sends one made-up row to a client's Clay table, so that a set-up can be seen working before anything is paid for.

The row carries a real, signed callback URL for an item that does not exist: what Clay sends back arrives like any
callback, is kept in the inbox as unmatched, and the page finds it there. The submission counts for the webhook's life.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import ValidationError

from app.clay.config import ClayConfig
from app.clay.post import http_client, post_row
from app.clay.tokens import callback_url
from app.db import Database
from app.errors import ConflictError, StepError
from app.settings import settings
from app.workflow import ClayWorkflow

__all__ = ["SAMPLE", "Trial", "send_trial", "trial_answer"]

SAMPLE = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "person_name": "Ada Lovelace",
    "title": "Head of Analytics",
    "email": "ada@example.com",
    "linkedin": "https://www.linkedin.com/in/williamhgates",
    "company_name": "Clay",
    "company_domain": "clay.com",
    "company_linkedin": "https://www.linkedin.com/company/grow-with-clay",
    "website": "https://www.clay.com",
    "industry": "Software",
    "country": "United States",
}
"""What a test row says when nothing else is typed."""


@dataclass(frozen=True)
class Trial:
    """What became of a test row.

    Attributes:
        uid: names the row; `trial_answer` looks for its callback.
        outcome: taken, refused, unknown, or "sent before" by an earlier call with the same request.
        text: the reason of a refusal, in the user's words.
        body: what was sent.
    """

    uid: str
    outcome: str
    text: str
    body: dict[str, Any]


async def send_trial(
    db: Database,
    workflow: ClayWorkflow[Any, Any],
    *,
    client: str,
    label: str,
    fields: dict[str, str],
    base_url: str,
    actor: str,
    request: UUID | None = None,
) -> Trial:
    """Send one row to the table of a saved config, once per `request`, which becomes the row's uid.

    Raises:
        ConflictError: nothing is saved yet, or what is saved cannot be used.
        BadInputError: the fields are not enough to look anything up.
    """
    stored = await db.read("config_with_secrets", client=client, workflow=workflow.slug, label=label)
    if stored is None:
        raise ConflictError("No configuration saved yet.", "Save the Clay URL first, then send a test row.")
    try:
        config = (workflow.Config or ClayConfig).model_validate(stored)
    except ValidationError:
        raise ConflictError(
            "The saved configuration is no longer valid.", "Fix and save it, then send a test row."
        ) from None
    if not isinstance(config, ClayConfig):
        raise ConflictError("This workflow sends nothing to Clay.")
    uid, sender = str(request or uuid4()), str(uuid4())
    key = settings().signing_key.get_secret_value()
    try:
        row = workflow.compose(fields)
    except StepError as problem:
        return Trial(uid, "refused", problem.message, {})
    body = row | {
        "batch_item_id": uid,
        "attempt": 1,
        "callback_url": callback_url(base_url, workflow.slug, uid, 0, 1, key=key),
        "workflow_slug": workflow.slug,
    }
    noted = await db.call(
        "note_test_row",
        client=client,
        workflow=workflow.slug,
        url_sha256=config.url_sha256,
        cap=config.lifetime_cap,
        actor=actor,
        request=uid,
        sender=sender,
    )
    if noted["sender"] != sender:
        return Trial(uid, "sent before", "", body)
    async with http_client() as http:
        answer = await post_row(http, config, orjson.dumps(body))
    return Trial(uid, answer.outcome, answer.text, body)


async def trial_answer(db: Database, client: str, uid: str) -> dict[str, Any] | None:
    """The callback to a client's test row: `{"received_at", "body", "note"}`; None while there is none."""
    answer: dict[str, Any] | None = await db.read("insights_test_answer", client=client, item=uid)
    return answer
