"""Callbacks: verified, stored raw, read, and applied to the state that waits for them, in this order.

The receivers (`web/receivers.py`) ask who sends (`signed_sender`, `fixed_sender`) before they read a body, and hand it
to `receive`. What was stored but not applied, because the process died or the database went away in between, is picked
up by the engine's `settle_unsettled`. Senders and receivers know nothing of each other but the token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.callback_bodies import (
    Outcome,
    Unreadable,
    addressee,
    addressee_in,
    decode_body,
    read_body,
    read_outcome,
)
from app.clay_tokens import CallbackToken, token_digest, verify_token
from app.db import Database
from app.errors import DatabaseError, DatabaseUnavailableError, LeadloomError
from app.logs import log_context
from app.settings import settings
from app.workflows import ClayWorkflow, registry

__all__ = ["ForgedTokenError", "Received", "Sender", "fixed_sender", "receive", "settle_unsettled", "signed_sender"]

UNSETTLED_AFTER_S = 15.0
AT_A_TIME = 50
UNACCEPTABLE = ("22", "23", "54")  # SQLSTATE classes: bad data, broken constraint, beyond a limit

log = logging.getLogger(__name__)


class ForgedTokenError(LeadloomError):
    """The token was not made by Leadloom for this receiver."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a callback. `received`: stored, and settled a little later. `acted`: a step has ended with it."""

    verdict: str
    applied: bool
    acted: bool = False


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


async def receive(db: Database, sender: Sender, raw: bytes) -> Received:
    """Store a callback's body, and apply it.

    Args:
        db: the database.
        sender: from `signed_sender` or `fixed_sender`.
        raw: the request's body.

    Raises:
        DatabaseError: the body could not be stored; the caller should ask Clay to send it again.
    """
    text = decode_body(raw)
    known = sender.token
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
        return await _settle(db, stored["inbox_id"], sender.workflow, text)


async def settle_unsettled(db: Database, older_than_s: float = UNSETTLED_AFTER_S, limit: int = AT_A_TIME) -> int:
    """Apply callbacks that were stored and not settled; returns how many are settled now.

    One that the database refuses is noted and tried again after growing pauses; it does not hold up the others.
    """
    settled = 0
    for stored in await db.call("unsettled_callbacks", older_than_s=older_than_s, limit=limit):
        try:
            await _apply(db, stored["inbox_id"], read_callback(stored["workflow"], stored["body"]))
            settled += 1
        except DatabaseUnavailableError:
            raise
        except Exception as error:
            log.exception("callback %d could not be settled, and is tried again", stored["inbox_id"])
            await db.call("note_unsettled", inbox=stored["inbox_id"], why=f"{type(error).__name__}: {error}")
    return settled


async def _settle(db: Database, inbox_id: int, workflow_slug: str, text: str) -> Received:
    """Read a stored body and apply it. What the database cannot do now is left for `settle_unsettled`."""
    try:
        said = await _apply(db, inbox_id, read_callback(workflow_slug, text))
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
    note = f"The database does not take this answer (SQLSTATE {error.code})."
    return Outcome("unreadable", note=note).as_json() | {name: outcome[name] for name in ("item", "attempt")}


def read_callback(workflow_slug: str, text: str) -> dict[str, Any]:
    """What a stored body means, as `settle_callback` takes it; pure, and it never raises."""
    try:
        body = read_body(text)
    except Unreadable as reason:
        return Outcome("unreadable", note=str(reason)).as_json(*addressee_in(text))
    workflow = registry().get(workflow_slug)
    outcome = read_outcome(workflow if isinstance(workflow, ClayWorkflow) else None, body)
    return outcome.as_json(*addressee(body))
