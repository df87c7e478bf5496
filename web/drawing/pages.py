"""Drawing: Jinja templates as full pages, as fragments, as errors; redirects that say what happened.

A page includes the very partial that its poll endpoint returns. Asked by htmx for a part, `show` answers with that
partial alone, or with 304 when the reader already has it: the tag is a hash of the read model's data, so a page on
which nothing moved costs no bytes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import jinja2
import orjson
from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.intake.text import MAX_BYTES
from web.asking.paging import keep, pack
from web.drawing.assets import asset
from web.drawing.formats import FILTERS, HOLDS, STATES
from web.session.cookies import FLASH, drop_cookie, put_cookie
from web.session.security import csrf_token, open_sealed, seal

__all__ = ["dialog", "error_page", "is_fragment", "local_path", "page", "redirect", "render", "show"]

NAVIGATION = (
    # key, address, icon, words
    ("batches", "/batches", "layers", "Batches"),
    ("clients", "/clients", "building-2", "Clients"),
    ("leads", "/leads", "users", "Leads"),
    ("people", "/people", "user-search", "People"),
    ("workflows", "/workflows", "workflow", "Workflows"),
    ("callbacks", "/callbacks", "inbox", "Callbacks"),
    ("health", "/health", "activity", "Health"),
    ("audit", "/audit", "scroll-text", "Audit log"),
)

environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
    auto_reload=False,
)
environment.filters.update(FILTERS)
environment.globals.update(asset=asset, navigation=NAVIGATION, states=STATES, holds=HOLDS, pack=pack, new_key=uuid4)
environment.globals.update(largest_file=MAX_BYTES)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of the page, not for all of it (history restore and boosted links ask for all)."""
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-request-type", "partial") == "partial"
        and request.headers.get("hx-history-restore-request") != "true"
    )


def local_path(target: str | None, otherwise: str = "/") -> str:
    """A path on this site, or the other one: never an address that leads away."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target


def render(request: Request, template: str, /, **context: Any) -> str:
    """One template as text, with what every template may use."""
    admin = getattr(request.state, "admin", None)
    flash = None
    if not is_fragment(request):
        flash = open_sealed("flash", request.cookies.get(FLASH))
        if FLASH in request.cookies:
            drop_cookie(request, FLASH)
    token = csrf_token(admin.session_id) if admin else ""
    shared = {
        "request": request,
        "admin": admin,
        "csrf": token,
        "flash": flash,
        "ptag": None,
        "keep": lambda **changes: keep(request, **changes),
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
    }
    return environment.get_template(template).render(shared | context)


def page(request: Request, template: str, /, *, status: int = 200, **context: Any) -> HTMLResponse:
    """One template as an answer."""
    return HTMLResponse(render(request, template, **context), status, {"vary": "HX-Request, HX-Request-Type"})


def show(request: Request, name: str, data: Any, /, **context: Any) -> Response:
    """A page that htmx may also ask for in part.

    Args:
        request: the request.
        name: its folder: `<name>/page.html` is the full page, and includes `part.html`, which a poll or a filter gets.
        data: the read model's answer, given to the templates as `data`; its hash is the tag.
        context: what else the templates need.
    """
    tag = hashlib.sha256(orjson.dumps([data, str(request.url.query)])).hexdigest()[:20]
    if not is_fragment(request):
        return page(request, f"{name}/page.html", data=data, ptag=tag, **context)
    if request.headers.get("hx-ptag") == tag:
        return Response(status_code=304, headers={"HX-PTag": tag})
    answer = page(request, f"{name}/part.html", data=data, ptag=tag, **context)
    answer.headers["HX-PTag"] = tag
    return answer


def redirect(request: Request, target: str, said: str | None = None, *, kind: str = "success") -> Response:
    """POST/redirect/GET: the next page says what happened."""
    if said:
        put_cookie(request, FLASH, seal("flash", {"said": said, "kind": kind}), max_age=60)
    return RedirectResponse(target, status_code=303)


def dialog(request: Request, name: str, /, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A small form: the content of a dialog when a script asked for it, else a page of its own around the same partial.

    The partial is `dialogs/<name>.html`; its context must have `title` and `crumbs`, pairs of words and address.
    """
    if is_fragment(request):
        return page(request, f"dialogs/{name}.html", status=status, **context)
    return page(request, "dialog.html", status=status, dialog=f"dialogs/{name}.html", **context)


def error_page(request: Request, status: int, message: str, hint: str | None = None) -> HTMLResponse:
    """A refusal, as a page or as a fragment."""
    template = "error/part.html" if is_fragment(request) else "error/page.html"
    outside = request.url.path.startswith("/share/")  # a client's reader, to whom the admin's lists are a closed door
    return page(request, template, status=status, code=status, message=message, hint=hint, outside=outside)
