"""Callbacks: who sends them, and what they say.

The receivers (`web/receivers.py`) ask who sends (`signed_sender`, `fixed_sender`) before they take a body, have it read
(`arrivals`), and hand it to `app/engine/callback_groups.py`, which stores and settles it with what arrived beside it.
What could only be stored is picked up by the engine's `settle_unsettled`. Senders and receivers know nothing of each
other but the token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson

from app.clay.answers.bodies import Unreadable, addressee, addressee_in, decode_body, read_mended
from app.clay.answers.lists import may_hold_rows, split_body
from app.clay.answers.meaning import Outcome, read_outcome
from app.clay.tokens import CallbackToken, token_digest, verify_token
from app.db import Database
from app.engine.refusals import is_rows_fault
from app.errors import DatabaseError, DatabaseUnavailableError, LeadloomError
from app.settings import settings
from app.workflows import ClayWorkflow, registry

__all__ = [
    "Arrival",
    "ForgedTokenError",
    "Sender",
    "arrivals",
    "fixed_sender",
    "read_callback",
    "refused_by_database",
    "settle_unsettled",
    "signed_sender",
]

UNSETTLED_AFTER_S = 15.0
AT_A_TIME = 50

log = logging.getLogger(__name__)


class ForgedTokenError(LeadloomError):
    """The token was not made by Leadloom for this receiver."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a callback, as its token says: a row's attempt, or a client's table."""

    workflow: str
    token: CallbackToken | None = None
    client_id: int | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One callback, read and not stored yet.

    Attributes:
        sender: who sends it.
        body: as it came.
        outcome: what it means, from `read_callback`.
        request: one key for all tries of storing it: a lost reply stores nothing twice.
    """

    sender: Sender
    body: str
    outcome: dict[str, Any]
    request: UUID = field(default_factory=uuid4)

    @property
    def item(self) -> str | None:
        """The row that it is about, as its URL or its body says."""
        return str(self.sender.token.item) if self.sender.token else self.outcome["item"]

    def as_json(self) -> dict[str, Any]:
        """The callback as `take_callbacks` takes it."""
        known = self.sender.token
        return {
            "request": self.request,
            "workflow": self.sender.workflow,
            "client_id": self.sender.client_id,
            "item": known.item if known else None,
            "step": known.step_index if known else None,
            "attempt": known.attempt if known else None,
            "body": self.body,
            "outcome": self.outcome,
        }


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


def arrivals(sender: Sender, raw: bytes, charset: str = "") -> list[Arrival]:
    """What a request brought, read: one callback, or as many as the fixed URL's body has rows. Never raises.

    Args:
        sender: from `signed_sender` or `fixed_sender`.
        raw: the request's body.
        charset: of its Content-Type.
    """
    known = sender.token
    text = decode_body(raw, charset)
    texts = [text]
    if known is None:
        try:
            texts = split_body(text)
        except Exception as defect:
            log.exception("A body could not be cut into its rows, and counts as one: %s", type(defect).__name__)
    if len(texts) > 1:
        return [Arrival(sender, part, read_callback(sender.workflow, part)) for part in texts]
    return [Arrival(sender, text, read_callback(sender.workflow, text, known.item if known else None))]


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


async def _apply(db: Database, inbox_id: int, outcome: dict[str, Any]) -> dict[str, Any]:
    """Settle one callback. An answer whose data the database will never take is rejected, not tried for ever."""
    try:
        said: dict[str, Any] = await db.call("settle_callback", inbox=inbox_id, outcome=outcome)
    except DatabaseError as error:
        if not is_rows_fault(error):
            raise
        said = await db.call("settle_callback", inbox=inbox_id, outcome=refused_by_database(outcome, error))
    return said


def refused_by_database(outcome: dict[str, Any], error: DatabaseError) -> dict[str, Any]:
    """The outcome of an answer whose data the database will never take."""
    note = f"The database cannot store this answer (SQLSTATE {error.code})."
    return Outcome("unreadable", note=note).as_json() | {name: outcome[name] for name in ("item", "attempt")}


def read_callback(workflow_slug: str, text: str, item: str | UUID | None = None) -> dict[str, Any]:
    """What a stored body means, as `settle_callback` takes it; pure, and it never raises.

    A defect of a reader is no reason to lose an answer: the body is then one that could not be read, and can be read
    again once the defect is mended.

    Args:
        workflow_slug: the workflow that the callback is for.
        text: the body.
        item: the row that the URL names: of a body with several rows, that one is meant.
    """
    try:
        outcome = _read(workflow_slug, text, item)
        orjson.dumps(outcome)
    except Exception as defect:
        log.exception("A callback's reader failed.")
        note = f"Internal error in Leadloom ({type(defect).__name__})."
        return Outcome("unreadable", note=note).as_json(*addressee_in(text))
    return outcome


def _read(workflow_slug: str, text: str, item: str | UUID | None) -> dict[str, Any]:
    try:
        body, slips = read_mended(text)
    except Unreadable as reason:
        if item and (part := _part_for(text, str(item))) != text:
            return _read(workflow_slug, part, None)
        return Outcome("unreadable", note=str(reason)).as_json(*addressee_in(text))
    if item and may_hold_rows(body) and (part := _part_for(text, str(item))) != text:
        return _read(workflow_slug, part, None)
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
