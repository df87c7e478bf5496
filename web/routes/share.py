"""Share links: a client looks at its own leads without an account, and at nothing else.

The token in the address is signed here and names a row that says whether the link still counts; every answer under it
is about that row's client and no other, and every refusal reads the same.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.db import Database
from app.errors import NotFoundError
from app.results import search
from app.results.exports import LEAD_COLUMNS, chosen_columns
from app.results.sharing import create_share_link, open_share_link, revoke_share_link
from app.text.uids import read_uid
from web.asking.forms import read_form
from web.asking.paging import PAGE_SIZE, cursor_number
from web.asking.result_filters import active_filters, addresses, lead_query
from web.deps import Actor, Db, services
from web.drawing.downloads import send_export, send_stored
from web.drawing.pages import redirect, show
from web.session.security import open_sealed, seal

router = APIRouter(prefix="/clients/{client}/share")
public = APIRouter(prefix="/share/{token}")
GONE = ("This link has expired or was revoked.", "Ask your agency for a new link.")
LIMITS = ("worked_at_customer", "new_in_role")
COLUMNS = tuple(name for name in LEAD_COLUMNS if name != "email_status")
DEFAULT = (
    "person_name",
    "title",
    "email",
    "linkedin",
    "country",
    "company_name",
    "industry",
    "size_bucket",
    "current_job_start",
    "worked_at_customer",
    "customers",
)


@router.get("")
async def links(request: Request, db: Db, client: UUID) -> Response:
    """The client's links, open and closed."""
    data = await search.share(db, str(client))
    base = services(request).public_url(request)
    urls = {link["uid"]: f"{base}/share/{_token(link)}" for link in data["links"] if link["open"]}
    return show(request, "share_links", data, urls=urls)


@router.post("")
async def create(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Create a link that expires by itself."""
    form = await read_form(request)
    days = form.integer("days", "The number of days", least=1, most=365) or 30
    filters = {name: True for name in LIMITS if form.text(name) == "1"}
    await create_share_link(
        db,
        str(client),
        label=form.text("label"),
        filters=filters,
        days=days,
        actor=admin.email,
        request=form.request_key(),
    )
    return redirect(request, f"/clients/{client}/share", "Link created. Copy it below.")


@router.post("/{link}/revoke")
async def revoke(request: Request, db: Db, admin: Actor, client: UUID, link: UUID) -> Response:
    """Close a link at once."""
    wish = (await read_form(request)).request_key()
    revoked = await revoke_share_link(db, str(link), str(client), actor=admin.email, request=wish)
    said = "Link revoked. It no longer works." if revoked else "This link was already revoked."
    return redirect(request, f"/clients/{client}/share", said)


def _token(link: dict[str, Any]) -> str:
    return seal("share", {"link": link["uid"], "ends": link["expires"]})


async def _opened(db: Database, token: str, *, count: bool = False) -> dict[str, Any]:
    """What the token opens.

    Raises:
        NotFoundError: it is forged, expired, revoked, or its client is archived; all the same to whoever asks.
    """
    return await open_share_link(db, _link(token), count=count)


def _link(token: str) -> str:
    """The link that the token names.

    Raises:
        NotFoundError: it is forged or expired.
    """
    match open_sealed("share", token):
        case {"link": str(link), "ends": int(ends)} if ends > time.time() and read_uid(link):
            return link
    raise NotFoundError(*GONE)


def _asked(request: Request, opened: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The visitor's filters, and what is searched by: never wider than the link."""
    query = lead_query(request) | {"batch": None, "has_doubts": False}
    return query, search.narrowed(search.lead_filters(query), opened["filters"])


@public.get("")
async def shared(request: Request, db: Db, token: str) -> Response:
    """The client's leads, to be looked at."""
    first = not request.query_params
    opened = await _opened(db, token, count=first)
    query, filters = _asked(request, opened)
    data = await search.shared_leads(
        db, opened["client"], filters, within=opened["filters"], after=cursor_number(request), limit=PAGE_SIZE
    )
    columns = [name for name in query["columns"] if name in COLUMNS] or list(DEFAULT)
    context = {
        "base": f"/share/{token}",
        "opened": opened,
        "query": query,
        **addresses(request),
        "columns": columns,
        "names": {name: LEAD_COLUMNS[name] for name in COLUMNS},
        "chosen": active_filters(query, data["facets"]),
    }
    return _unlisted(show(request, "share", data, **context))


@public.get("/leads.csv")
async def shared_csv(request: Request, db: Db, token: str) -> Response:
    """The same list as CSV."""
    opened = await _opened(db, token)
    query, filters = _asked(request, opened)
    columns = chosen_columns([name for name in query["columns"] if name in COLUMNS] or list(DEFAULT))
    wanted = {
        "what": "leads",
        "client": opened["client"],
        "filters": filters,
        "columns": columns,
        "share": _link(token),
    }
    return _unlisted(
        await send_export(request, db, wanted, "leads.csv", actor="share link", pages=f"/share/{token}/exports")
    )


@public.get("/exports/{uid}")
async def shared_export(request: Request, db: Db, token: str, uid: UUID) -> Response:
    """How far a long export is that this link asked for."""
    job, opened = await _export_of(db, token, uid)
    base = f"/share/{token}/exports/{uid}"
    page = show(request, "share_export", {"job": job}, base=base, opened=opened)
    return _unlisted(page)


@public.get("/exports/{uid}/file")
async def shared_file(request: Request, db: Db, token: str, uid: UUID) -> Response:
    """The finished file."""
    await _export_of(db, token, uid)
    return _unlisted(await send_stored(request, db, str(uid)))


async def _export_of(db: Database, token: str, uid: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """An export that was asked for by this very link, and what the link opens.

    Raises:
        NotFoundError: the link is closed, or there is no such export of it.
    """
    opened = await _opened(db, token)
    job = await insights.file_job(db, str(uid))
    if job["kind"] != "export" or job["request"].get("share") != _link(token):
        raise NotFoundError("There is no such export.", "Export the list again.")
    return job, opened


def _unlisted(answer: Response) -> Response:
    """Keep the page out of search engines, and its address out of other sites' logs."""
    answer.headers["x-robots-tag"] = "noindex, nofollow"
    answer.headers["referrer-policy"] = "no-referrer"
    return answer
