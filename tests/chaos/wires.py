"""The wires between the parts, each a small proxy that keeps a record of what went over it and lets things go wrong.

    engine, web ──▶ DatabaseWire ──▶ gateway       replies lost after execution, calls doubled and delayed, PGRST303
    engine ───────▶ ClayWire ──────▶ Clay sandbox  the row arrives, and the sender is told 5xx or nothing at all
    sandbox ──────▶ CallbackWire ──▶ web           callbacks doubled, cut, delayed, and answers with poison in them

What they write down is evidence that no part of the product had a hand in: `auditor.py` compares it with the books.
"""

from __future__ import annotations

import asyncio
import json
import random
import string
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.chaos.http1 import LONGEST_HEAD, BrokenMessageError, Message, ask, read_message, respond

__all__ = ["Acknowledged", "CallbackWire", "ClayWire", "DatabaseWire", "Faults", "SentRow", "Wire"]

PASSING_401 = json.dumps(
    {"code": "PGRST303", "details": None, "hint": None, "message": "JWT issued at future"}
).encode()
TOLD_INSTEAD = (500, 502, 503, 504, 520, 524)
POISON = ("nul", "long", "deep", "surrogate")


@dataclass
class Faults:
    """How often what goes wrong, as shares of the messages of one wire; all zero is a good wire."""

    lost_reply: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    longest_delay_s: float = 1.5
    passing_401: float = 0.0
    told_5xx: float = 0.0
    poison: float = 0.0


class Wire:
    """A proxy on a port of its own.

    Args:
        port: of the part behind it, asked for at every message: a part may come back somewhere else.
        rng: decides what goes wrong.
    """

    def __init__(self, port: Callable[[], int], rng: random.Random) -> None:
        self.port = port
        self.rng = rng
        self.faults = Faults()
        self.happened: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.triggers: list[tuple[str, int, Callable[[], None]]] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> str:
        """Listen; returns the URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self.url

    async def stop(self) -> None:
        """Cut everything."""
        if self._server is not None:
            self._server.close()
            for writer in self._open:
                writer.transport.abort()
            await self._server.wait_closed()

    def at(self, name: str, nth: int, do: Callable[[], None]) -> None:
        """Do something when the nth message of this name has been passed on, before its reply goes back."""
        self.triggers.append((name, nth, do))

    def forget(self, do: Callable[[], None]) -> None:
        """Not any more."""
        self.triggers = [trigger for trigger in self.triggers if trigger[2] is not do]

    def name(self, request: Message) -> str:
        """What a request is called in the record."""
        return request.path.split("?")[0].rsplit("/", 1)[-1]

    async def pass_on(self, request: Message) -> Message:
        """Bring a request to the part and its answer back.

        Raises:
            BrokenMessageError: the connection is to be cut, whatever happened behind it.
        """
        return await ask(self.port(), request)

    def chance(self, what: str, share: float) -> bool:
        """Whether this goes wrong now; counted."""
        if share and self.rng.random() < share:
            self.happened[what] += 1
            return True
        return False

    async def maybe_wait(self) -> None:
        """Hold a message for a while."""
        if self.chance("delayed", self.faults.delayed):
            await asyncio.sleep(self.rng.uniform(0.05, self.faults.longest_delay_s))

    def note(self, name: str) -> None:
        """Count a message that the part has answered or died over, and do what waits for that count."""
        self.seen[name] += 1
        for trigger in [t for t in self.triggers if t[:2] == (name, self.seen[name])]:
            self.triggers.remove(trigger)
            trigger[2]()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while (request := await read_message(reader)) is not None:
                answer = await self.pass_on(request)
                writer.write(answer.data)
                await writer.drain()
        except (BrokenMessageError, ConnectionError):
            writer.transport.abort()
        finally:
            self._open.discard(writer)
            with suppress(ConnectionError):
                writer.close()


class DatabaseWire(Wire):
    """Between whoever calls a Postgres function and the gateway."""

    async def pass_on(self, request: Message) -> Message:
        """A call; it may be refused as if a clock were wrong, come twice, or lose its reply."""
        name, faults = self.name(request), self.faults
        if self.chance("401 PGRST303", faults.passing_401):
            return respond(401, PASSING_401)
        await self.maybe_wait()
        try:
            answer = await ask(self.port(), request)
            if self.chance("doubled", faults.doubled):
                answer = await ask(self.port(), request)
        finally:
            self.note(name)
        if self.chance("reply lost", faults.lost_reply):
            raise BrokenMessageError
        return answer


@dataclass(frozen=True)
class SentRow:
    """A row that arrived at Clay: what Clay did with it, and what its sender was told."""

    workflow: str
    item: str
    attempt: int
    taken: bool
    told: str


class ClayWire(Wire):
    """Between the sender and Clay."""

    def __init__(self, port: Callable[[], int], rng: random.Random) -> None:
        super().__init__(port, rng)
        self.rows: list[SentRow] = []

    async def pass_on(self, request: Message) -> Message:
        """A row; whatever its sender is told, the record says whether Clay took it."""
        row = json.loads(request.body)
        await self.maybe_wait()
        answer = await ask(self.port(), request)
        taken, told, reply = answer.status < 300, str(answer.status), answer
        if taken and self.chance("taken, told 5xx", self.faults.told_5xx):
            status = self.rng.choice(TOLD_INSTEAD)
            told, reply = str(status), respond(status, b"<html>upstream trouble</html>", b"text/html")
        elif taken and self.chance("taken, reply lost", self.faults.lost_reply):
            told = "nothing"
        self.rows.append(SentRow(row["workflow_slug"], row["batch_item_id"], int(row["attempt"]), taken, told))
        self.note("row")
        if told == "nothing":
            raise BrokenMessageError
        return reply


@dataclass(frozen=True)
class Acknowledged:
    """A callback that got a 2xx: from then on nobody will send it again."""

    workflow: str
    item: str
    step_index: int
    attempt: int
    body: str
    poisoned: bool

    @property
    def is_answer(self) -> bool:
        """Whether it is a whole answer, as opposed to garbage or a reported error."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return False
        return isinstance(body, dict) and isinstance(body.get("raw_payload"), dict) and body.get("status") != "error"


class CallbackWire(Wire):
    """Between Clay and the receivers."""

    def __init__(self, port: Callable[[], int], rng: random.Random) -> None:
        super().__init__(port, rng)
        self.acknowledged: list[Acknowledged] = []
        self.statuses: Counter[int] = Counter()

    async def pass_on(self, request: Message) -> Message:
        """A callback; it may come twice or poisoned, and its reply may get lost."""
        poisoned = False
        if self.chance("poisoned answer", self.faults.poison):
            request, poisoned = _poison(request, self.rng), True
        await self.maybe_wait()
        try:
            answer = await self._deliver(request, poisoned=poisoned)
            if self.chance("doubled", self.faults.doubled):
                answer = await self._deliver(request, poisoned=poisoned)
        finally:
            self.note("callback")
        if self.chance("reply lost", self.faults.lost_reply):
            raise BrokenMessageError
        return answer

    async def _deliver(self, request: Message, *, poisoned: bool) -> Message:
        answer = await ask(self.port(), request)
        self.statuses[answer.status] += 1
        if answer.status < 300:
            _, _, workflow, token = request.path.split("/", 3)
            item, step, attempt, _ = token.split(".")
            body = request.body.decode()
            self.acknowledged.append(Acknowledged(workflow, item, int(step), int(attempt), body, poisoned))
        return answer


def _poison(request: Message, rng: random.Random) -> Message:
    """The same answer with something in it that a database or a parser may trip over."""
    try:
        body = json.loads(request.body)
        record = body["raw_payload"]
        assert isinstance(record, dict)
    except (ValueError, KeyError, TypeError, AssertionError):
        return request
    kind = rng.choice(POISON)
    if kind == "nul":
        record["industry"] = "Robo\0tics"
    elif kind == "long":
        # Random letters: an index would take a long text that can be packed.
        record["industry"] = record["name"] = record["domain"] = "".join(rng.choices(string.ascii_lowercase, k=9_000))
    elif kind == "deep":
        nested: object = "end"
        for _ in range(400):
            nested = [nested]
        record["locations"] = nested
    else:
        record["industry"] = "\ud800 lone"
    return Message(request.start, request.headers, json.dumps(body).encode())
