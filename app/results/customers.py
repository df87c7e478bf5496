"""A client's own customers, pasted or uploaded: who they are, so that their former employees can be found.

Every line is read for a domain, a LinkedIn page and a name, in any order and with any separator; a line with none of
them is given back, never guessed at. A pasted list is saved at once (`save`), a file by the worker for files
(`take_list`). What is matched with them is decided in the database.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4, uuid5

from app.db import Database
from app.errors import InputError
from app.text.companies import company_key, company_name, is_no_company
from app.text.domains import company_domain, registrable_domain
from app.text.linkedin import linkedin_company
from app.text.values import clean_text

__all__ = [
    "CustomerList",
    "read_lines",
    "read_row",
    "remove_customers",
    "request_list",
    "save",
    "set_new_in_role",
    "take_list",
]

SEPARATORS = re.compile(r"[\t;|]|,(?! ?(?:Inc|Ltd|LLC|Co|Corp|GmbH|S\.A|B\.V|N\.V)\b)", re.IGNORECASE)
"""What stands between a customer's name, domain and page; the comma of "Acme, Inc." is part of the name."""
HEADERS = frozenset(
    ("company", "company name", "name", "customer", "customers", "domain", "website", "linkedin", "url")
)
CALL_ROWS = 5_000
READ_ROWS = 1_000
MOST_CUSTOMERS = 100_000
"""A list is taken over in one call: so many take seconds."""

MOST_EXAMPLES = 5
MOST_PASTED = 10_000
NAME_COLUMNS = ("customer", "customer name", "company", "company name", "account", "account name", "name")


@dataclass
class CustomerList:
    """What a list came to: customers, and the lines in which none was found."""

    customers: list[dict[str, Any]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_lines(text: str) -> CustomerList:
    """Read a pasted list, one customer a line: `Acme, acme.com`, a bare domain, a LinkedIn URL, or a name."""
    found = CustomerList()
    for number, line in enumerate(text.splitlines()):
        given = line.strip().strip(",;")
        if not given:
            continue
        parts = [part.strip() for part in SEPARATORS.split(given) if part.strip()]
        if number == 0 and all(part.lower() in HEADERS for part in parts):
            continue
        _take(found, given, parts)
    return found


def read_row(row: Mapping[str, Any], mapping: Mapping[str, str]) -> CustomerList:
    """Read one row of an uploaded file, by its mapped columns or, where none is mapped, by all of its cells."""
    found = CustomerList()
    wanted = ("company_name", "company_domain", "website", "company_linkedin")
    mapped = [row.get(mapping[name]) for name in wanted if name in mapping]
    named = [value for column, value in row.items() if column.strip().lower() in NAME_COLUMNS]
    cells = [text for value in (*mapped, *named) if (text := clean_text(value))]
    if not cells:
        cells = [text for value in row.values() if (text := clean_text(value))]
    if cells:
        _take(found, ", ".join(dict.fromkeys(cells))[:500], cells)
    return found


def _take(found: CustomerList, given: str, parts: Iterable[str]) -> None:
    customer = _customer(given[:500], parts)
    if customer is None:
        found.unread.append(given[:500])
    else:
        found.customers.append(customer)


def _customer(given: str, parts: Iterable[str]) -> dict[str, Any] | None:
    name = domain = linkedin = None
    for part in parts:
        if page := linkedin_company(part):
            linkedin = linkedin or page
        elif " " not in part and registrable_domain(part):
            domain = domain or company_domain(part)  # a free-mail or social domain is nobody's customer
        elif not re.fullmatch(r"https?://\S+|\S+@\S+|[\d\s.,]+", part):
            name = name or company_name(part)
    key = company_key(name) if name and not is_no_company(name) else None
    if not (domain or linkedin or key):
        return None
    return {"name": name, "name_key": key, "domain": domain, "linkedin": linkedin, "given": given}


async def save(
    db: Database,
    client: str,
    customers: list[dict[str, Any]],
    *,
    actor: str,
    replace: bool = False,
    upload: str | None = None,
    request: UUID | None = None,
) -> dict[str, int]:
    """Add customers to a client's list, or put them in its place; flags are refreshed in the background.

    `request` names this one wish: a repeat with the same list answers as before, and undoes nothing that came after.

    Returns:
        How many were `added`, `changed` and `removed`.

    Raises:
        NotFoundError: there is no such client.
        InputError: a replacement that is too long for one call.
    """
    if replace and len(customers) > MOST_PASTED:
        raise InputError("A list that replaces another one can have up to 10,000 lines.", "Add the rest afterwards.")
    step = len(customers) if replace else CALL_ROWS
    wish = request or uuid4()
    total = {"added": 0, "changed": 0, "removed": 0}
    for start in range(0, max(1, len(customers)), max(1, step)):
        part = customers[start : start + step] if step else []
        saved = await db.call(
            "save_customers",
            client=client,
            customers=part,
            upload=upload,
            replace=replace,
            actor=actor,
            request=uuid5(wish, str(start)),
        )
        for name in total:
            total[name] += saved[name]
    return total


async def take_list(
    db: Database, job: dict[str, Any], holder: str, upload: str, told: Callable[[int], object]
) -> dict[str, Any]:
    """Read an uploaded file of customers into its client's list: all of it at once, when the last row has been read.

    A worker that is lost is followed by one that goes on behind the rows whose customers are noted.

    Args:
        db: the database.
        job: the file job.
        holder: who has it.
        upload: the upload's uid.
        told: called with rows read so far.

    Returns:
        How many were `added`, `changed`, `removed` and `given`; how many lines were `unread`, with some `examples`.

    Raises:
        NotFoundError: the client has no such upload.
        InputError: there is no customer in it, or too many.
        ConflictError: another worker has the job now.
    """
    client = job["client"]["uid"]
    at = {"after": 0, "found": 0, **(job["resume_at"] or {})}
    while True:
        page = await db.read("upload_cells", upload=upload, client=client, after=at["after"], limit=READ_ROWS)
        if not page["rows"]:
            break
        customers, unread = await asyncio.to_thread(_read_page, page)
        if at["found"] + len(customers) > MOST_CUSTOMERS:
            raise InputError(
                f"The file has more than {MOST_CUSTOMERS:,} customers; that is the limit for a list.",
                "Remove the ones that do not matter, then upload it again.",
            )
        at = await db.call(
            "draft_customers",
            job=job["uid"],
            holder=holder,
            through=page["rows"][-1]["row_number"],
            customers=customers,
            unread=len(unread),
            examples=[line[:60] for line in unread[:MOST_EXAMPLES]],
        )
        told(at["after"])
    saved: dict[str, Any] = await db.call("adopt_customers", job=job["uid"], holder=holder, upload=upload)
    return saved


def _read_page(page: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    customers: list[dict[str, Any]] = []
    unread: list[str] = []
    for row in page["rows"]:
        read = read_row(row["data"], page["mapping"] or {})
        customers += [customer | {"row": row["row_number"]} for customer in read.customers]
        unread += read.unread
    return customers, unread


async def request_list(
    db: Database, client: str, upload: str, *, filename: str, total: int | None, actor: str
) -> dict[str, Any]:
    """Have a worker take the customers out of an upload of `total` rows: the job, as pages show it.

    Raises:
        NotFoundError: there is no such client.
    """
    job: dict[str, Any] = await db.call(
        "request_file_job",
        kind="customers",
        client=client,
        request={"upload": upload},
        filename=filename,
        total=total,
        actor=actor,
    )
    return job


async def remove_customers(db: Database, client: str, customers: Sequence[str], *, actor: str, request: UUID) -> int:
    """Take customers (by uid) off a client's list; how many of them were on it."""
    done = await db.call("remove_customers", client=client, customers=list(customers), actor=actor, request=request)
    return int(done["removed"])


async def set_new_in_role(db: Database, client: str, months: int, *, actor: str, request: UUID) -> None:
    """Say how many months somebody counts as new in a role, for this client.

    Raises:
        NotFoundError: there is no such client.
    """
    await db.call("set_new_in_role", client=client, months=months, actor=actor, request=request)
