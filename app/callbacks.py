"""Callbacks: verified, stored raw, read, and applied to the state that waits for them, in this order.

The receivers (`web/receivers.py`) hand every request to `receive_signed` or `receive_fixed`. What was stored but not
applied, because the process died or the database went away in between, is picked up by the engine's
`settle_unsettled`. Senders and receivers know nothing of each other but the token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from app.callback_bodies import Outcome, Unreadable, addressee, decode_body, read_body, read_outcome
from app.clay_tokens import CallbackToken, token_digest, verify_token
from app.db import Database
from app.errors import DatabaseError, LeadloomError
from app.logs import log_context
from app.settings import settings
from app.workflows import ClayWorkflow, registry

__all__ = ["ForgedTokenError", "Received", "receive_fixed", "receive_signed", "settle_unsettled"]

UNSETTLED_AFTER_S = 15.0
AT_A_TIME = 50
UNACCEPTABLE = ("22", "23", "54")  # SQLSTATE classes: bad data, broken constraint, beyond a limit

log = logging.getLogger(__name__)


class ForgedTokenError(LeadloomError):
    """The token was not made by Leadloom for this receiver."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a callback. `received`: stored, and settled a little later."""

    verdict: str
    applied: bool


async def receive_signed(db: Database, workflow_slug: str, token: str, raw: bytes) -> Received:
    """Take a callback at its signed URL.

    Args:
        db: the database.
        workflow_slug: from the URL.
        token: from the URL.
        raw: the request's body.

    Raises:
        ForgedTokenError: the token is not ours; nothing is stored.
        DatabaseError: the body could not be stored; the caller should ask Clay to send it again.
    """
    known = verify_token(workflow_slug, token, *settings().signing_keys)
    if known is None:
        raise ForgedTokenError
    return await _receive(db, workflow_slug, raw, known, None)


async def receive_fixed(db: Database, workflow_slug: str, bearer: str, raw: bytes) -> Received:
    """Take a callback at the fixed URL: the bearer token names the client, the body the item.

    Raises:
        ForgedTokenError: no client has this receiver token; nothing is stored.
        DatabaseError: the body could not be stored; the caller should ask Clay to send it again.
    """
    found = await db.read("find_receiver", token_sha256=token_digest(bearer))
    if found is None:
        raise ForgedTokenError
    return await _receive(db, workflow_slug, raw, None, found["client_id"])


async def settle_unsettled(db: Database, older_than_s: float = UNSETTLED_AFTER_S, limit: int = AT_A_TIME) -> int:
    """Apply callbacks that were stored and not settled; returns how many are settled now.

    One that the database refuses is logged and left; it does not hold up the others.
    """
    settled = 0
    for stored in await db.call("unsettled_callbacks", older_than_s=older_than_s, limit=limit):
        settled += (await _settle(db, stored["inbox_id"], stored["workflow"], stored["body"])).verdict != "received"
    return settled


async def _receive(
    db: Database, workflow_slug: str, raw: bytes, known: CallbackToken | None, client_id: int | None
) -> Received:
    text = decode_body(raw)
    names = {
        "item": known.item if known else None,
        "step": known.step_index if known else None,
        "attempt": known.attempt if known else None,
    }
    with log_context(workflow=workflow_slug, **names):
        stored = await db.call("receive_callback", workflow=workflow_slug, client_id=client_id, body=text, **names)
        return await _settle(db, stored["inbox_id"], workflow_slug, text)


async def _settle(db: Database, inbox_id: int, workflow_slug: str, text: str) -> Received:
    """Read a stored body and apply it. What the database cannot do now is left for `settle_unsettled`."""
    try:
        said = await _apply(db, inbox_id, _read(workflow_slug, text))
    except DatabaseError as error:
        log.warning("A callback is stored, and settled later: %s", error, extra={"callback": inbox_id})
        return Received("received", applied=False)
    log.info("A callback was settled.", extra={"callback": inbox_id, "verdict": said["verdict"]})
    return Received(said["verdict"], said["applied"])


async def _apply(db: Database, inbox_id: int, outcome: dict[str, Any]) -> dict[str, Any]:
    """Settle one callback. An answer whose data the database will never take is rejected, not tried for ever."""
    try:
        said: dict[str, Any] = await db.call("settle_callback", inbox=inbox_id, outcome=outcome)
    except DatabaseError as error:
        if not (error.code or "").startswith(UNACCEPTABLE):
            raise
        note = f"The database does not take this answer (SQLSTATE {error.code})."
        refused = Outcome("rejected", note=note).as_json()
        said = await db.call("settle_callback", inbox=inbox_id, outcome=refused)
    return said


def _read(workflow_slug: str, text: str) -> dict[str, Any]:
    try:
        body = read_body(text)
    except Unreadable as reason:
        return Outcome("rejected", note=str(reason)).as_json()
    workflow = registry().get(workflow_slug)
    outcome = read_outcome(workflow if isinstance(workflow, ClayWorkflow) else None, body)
    return outcome.as_json(*addressee(body))
