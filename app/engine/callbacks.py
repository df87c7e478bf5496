"""Callbacks: verified, stored raw, read, and applied to the state that waits for them, in this order.

The receivers (`web/receivers.py`) ask who sends (`signed_sender`, `fixed_sender`) before they read a body, and hand it
to `receive`. What was stored but not applied, because the process died or the database went away in between, is picked
up by the engine's `settle_unsettled`. Senders and receivers know nothing of each other but the token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from app.clay.answers.bodies import Unreadable, addressee, addressee_in, decode_body, read_mended
from app.clay.answers.lists import may_hold_rows, split_body
from app.clay.answers.meaning import Outcome, read_outcome
from app.clay.tokens import CallbackToken, token_digest, verify_token
from app.db import Database
from app.errors import DatabaseError, DatabaseUnavailableError, LeadloomError
from app.logs import log_context
from app.settings import settings
from app.workflows import ClayWorkflow, registry

__all__ = [
    "ForgedTokenError",
    "Received",
    "Sender",
    "fixed_sender",
    "read_callback",
    "receive",
    "settle_unsettled",
    "signed_sender",
]

UNSETTLED_AFTER_S = 15.0
AT_A_TIME = 50
UNACCEPTABLE = ("22", "23", "54")  # SQLSTATE classes: bad data, broken constraint, beyond a limit

log = logging.getLogger(__name__)


class ForgedTokenError(LeadloomError):
    """The token was not made by Leadloom for this receiver."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a callback.

    Attributes:
        verdict: of the callback, or of all in a body where they agree, else `several`; `received`: settled later.
        applied: a step has its answer.
        acted: a step has ended with it.
        verdicts: where a body held several, those of each in order.
    """

    verdict: str
    applied: bool
    acted: bool = False
    verdicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a callback, as its token says: a row's attempt, or a client's table."""

    workflow: str
    token: CallbackToken | None = None
    client_id: int | None = None


def signed_sender(workflow_slug: str, token: str) -> Sender:
    """Whose signed URL this is.

    Args:
        workflow_slug: from the URL.
        token: from the URL.

    Raises:
        ForgedTokenError: the token is not ours.
    """
    known = verify_token(workflow_slug, token, *settings().signing_keys)
    if known is None:
        raise ForgedTokenError
    return Sender(workflow_slug, token=known)


async def fixed_sender(db: Database, workflow_slug: str, bearer: str) -> Sender:
    """Who sends to the fixed URL: the bearer token names the client, the body will name the item.

    Raises:
        ForgedTokenError: no client has this receiver token.
        DatabaseError: it cannot be looked up now.
    """
    found = await db.read("find_receiver", token_sha256=token_digest(bearer))
    if found is None:
        raise ForgedTokenError
    return Sender(workflow_slug, client_id=found["client_id"])


async def receive(db: Database, sender: Sender, raw: bytes, charset: str = "") -> Received:
    """Store a callback's body, and apply it. A body of several rows at the fixed URL is as many callbacks.

    Args:
        db: the database.
        sender: from `signed_sender` or `fixed_sender`.
        raw: the request's body.
        charset: of its Content-Type.

    Raises:
        DatabaseError: the body could not be stored; the caller should ask Clay to send it again.
    """
    text = decode_body(raw, charset)
    known = sender.token
    if known is None and len(pieces := split_body(text)) > 1:
        return await _receive_several(db, sender, pieces)
    names = {
        "item": known.item if known else None,
        "step": known.step_index if known else None,
        "attempt": known.attempt if known else None,
    }
    with log_context(workflow=sender.workflow, **names):
        stored = await db.call(
            "receive_callback",
            workflow=sender.workflow,
            client_id=sender.client_id,
            body=text,
            request=uuid4(),  # one for all tries of this call: a lost reply stores nothing twice
            **names,
        )
        return await _settle(db, stored["inbox_id"], sender.workflow, text, known.item if known else None)


async def settle_unsettled(db: Database, older_than_s: float = UNSETTLED_AFTER_S, limit: int = AT_A_TIME) -> int:
    """Apply callbacks that were stored and not settled; returns how many are settled now.

    One that the database refuses is noted and tried again after growing pauses; it does not hold up the others.
    """
    settled = 0
    for stored in await db.call("unsettled_callbacks", older_than_s=older_than_s, limit=limit):
        try:
            outcome = read_callback(stored["workflow"], stored["body"], stored["item"])
            await _apply(db, stored["inbox_id"], outcome)
            settled += 1
        except DatabaseUnavailableError:
            raise
        except Exception as error:
            log.exception("callback %d could not be settled, and is tried again", stored["inbox_id"])
            await db.call("note_unsettled", inbox=stored["inbox_id"], why=f"{type(error).__name__}: {error}")
    return settled


async def _receive_several(db: Database, sender: Sender, texts: list[str]) -> Received:
    """Store the rows of one body, each as a callback of its own, and settle them together."""
    with log_context(workflow=sender.workflow):
        ids = await db.call(
            "receive_callbacks",
            workflow=sender.workflow,
            client_id=sender.client_id,
            bodies=texts,
            request=uuid4(),
        )
        items = [
            {"inbox_id": inbox_id, "outcome": read_callback(sender.workflow, text)}
            for inbox_id, text in zip(ids, texts, strict=True)
        ]
        try:
            said = await _settle_several(db, items)
        except DatabaseError as error:
            log.warning("%d callbacks are stored, and settled later: %s", len(ids), error)
            return Received("received", applied=False, verdicts=("received",) * len(ids))
    by_id = {entry["inbox_id"]: entry for entry in said}
    settled = [by_id[inbox_id] for inbox_id in ids]
    verdicts = tuple(entry["verdict"] for entry in settled)
    return Received(
        verdicts[0] if len(set(verdicts)) == 1 else "several",
        applied=any(entry["applied"] for entry in settled),
        acted=any(entry["acted"] for entry in settled),
        verdicts=verdicts,
    )


async def _settle_several(db: Database, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Settle several callbacks in one call; where the database refuses one's data, in halves, down to that one."""
    try:
        answers: list[dict[str, Any]] = await db.call("settle_callbacks", items=items)
    except DatabaseError as error:
        if not (error.code or "").startswith(UNACCEPTABLE):
            raise
        if len(items) == 1:
            [one] = items
            refused = {"inbox_id": one["inbox_id"], "outcome": refused_by_database(one["outcome"], error)}
            return await db.call("settle_callbacks", items=[refused])  # type: ignore[no-any-return]
        half = len(items) // 2
        return [*await _settle_several(db, items[:half]), *await _settle_several(db, items[half:])]
    return answers


async def _settle(db: Database, inbox_id: int, workflow_slug: str, text: str, item: UUID | None) -> Received:
    """Read a stored body and apply it. What the database cannot do now is left for `settle_unsettled`."""
    try:
        said = await _apply(db, inbox_id, read_callback(workflow_slug, text, item))
    except DatabaseError as error:
        log.warning("A callback is stored, and settled later: %s", error, extra={"callback": inbox_id})
        return Received("received", applied=False)
    log.info("A callback was settled.", extra={"callback": inbox_id, "verdict": said["verdict"]})
    return Received(said["verdict"], said["applied"], said["acted"])


async def _apply(db: Database, inbox_id: int, outcome: dict[str, Any]) -> dict[str, Any]:
    """Settle one callback. An answer whose data the database will never take is rejected, not tried for ever."""
    try:
        said: dict[str, Any] = await db.call("settle_callback", inbox=inbox_id, outcome=outcome)
    except DatabaseError as error:
        if not (error.code or "").startswith(UNACCEPTABLE):
            raise
        said = await db.call("settle_callback", inbox=inbox_id, outcome=refused_by_database(outcome, error))
    return said


def refused_by_database(outcome: dict[str, Any], error: DatabaseError) -> dict[str, Any]:
    """The outcome of an answer whose data the database will never take."""
    note = f"The database cannot store this answer (SQLSTATE {error.code})."
    return Outcome("unreadable", note=note).as_json() | {name: outcome[name] for name in ("item", "attempt")}


def read_callback(workflow_slug: str, text: str, item: str | UUID | None = None) -> dict[str, Any]:
    """What a stored body means, as `settle_callback` takes it; pure, and it never raises.

    Args:
        workflow_slug: the workflow that the callback is for.
        text: the body.
        item: the row that the URL names: of a body with several rows, that one is meant.
    """
    try:
        body, slips = read_mended(text)
    except Unreadable as reason:
        if item and (part := _part_for(text, str(item))) != text:
            return read_callback(workflow_slug, part)
        return Outcome("unreadable", note=str(reason)).as_json(*addressee_in(text))
    if item and may_hold_rows(body) and (part := _part_for(text, str(item))) != text:
        return read_callback(workflow_slug, part)
    workflow = registry().get(workflow_slug)
    filled = None if "{{" in text else body
    outcome = read_outcome(workflow if isinstance(workflow, ClayWorkflow) else None, body, filled)
    if slips and outcome.status == "success":
        outcome = outcome._replace(note=f"Its JSON was repaired: {', '.join(slips)}.")
    return outcome.as_json(*addressee(body))


def _part_for(text: str, item: str) -> str:
    """Of several rows in a body, the first that names this one; else the body as it is."""
    pieces = split_body(text)
    return next((piece for piece in pieces if str(addressee_in(piece)[0]) == item), text)
