"""Sign-in and sign-out. The only pages for people who are not signed in.

A wrong password, an unknown address and an account without the role look the same from outside. Failures are counted
per address and per origin in the database, so that guessing slows down across all containers.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app import insights
from app.db import Database
from web.auth import SignInRefusedError
from web.cookies import ACCESS, BINDING, REFRESH, drop_cookie, put_cookie
from web.deps import Db, keep_session, services, signed_in
from web.errors import ForbiddenError, SignInNeededError
from web.formats import duration, plural
from web.pages import local_path, page, redirect
from web.security import csrf_token, csrf_valid

router = APIRouter()
WRONG = "E-mail or password is wrong, or this account may not enter."
A_MINUTE = 60
BINDING_AGE_S = 60 * 60 * 12


def _form(
    request: Request, *, status: int = 200, email: str = "", target: str = "/", problem: str | None = None
) -> Any:
    binding = request.cookies.get(BINDING) or secrets.token_urlsafe(18)
    put_cookie(request, BINDING, binding, max_age=BINDING_AGE_S)
    return page(
        request,
        "sign_in.html",
        status=status,
        email=email,
        next=target,
        problem=problem,
        form_token=csrf_token(f"sign-in|{binding}"),
    )


def _keys(request: Request, email: str) -> list[str]:
    """What failures are counted under: the account, and where the attempt came from. Only hashes are stored."""
    origin = request.headers.get("x-forwarded-for", "").split(",")[0].strip()
    origin = origin or (request.client.host if request.client else "")
    marks = [f"email|{email.strip().lower()}", f"origin|{origin}"]
    return [hashlib.sha256(mark.encode()).hexdigest() for mark in marks]


@router.get("/sign-in")
async def sign_in_form(request: Request) -> Response:
    """The form; who is signed in already goes on."""
    target = local_path(request.query_params.get("next"))
    try:
        await signed_in(request)
    except SignInNeededError:
        return _form(request, target=target)
    return RedirectResponse(target, status_code=303)


@router.post("/sign-in")
async def sign_in(request: Request, db: Db) -> Response:
    """Check the password and open a session."""
    form = await request.form()
    email, password, target, token = (str(form.get(name, "")) for name in ("email", "password", "next", "csrf_token"))
    target = local_path(target)
    if not csrf_valid(f"sign-in|{request.cookies.get(BINDING, '')}", token):
        problem = "This form was open for too long, or your browser keeps no cookies. Please try again."
        return _form(request, status=403, email=email, target=target, problem=problem)
    keys = _keys(request, email)
    wait_s = await insights.sign_in_wait(db, keys)
    if wait_s > 0:
        whole = max(1, math.ceil(wait_s))
        words = duration(whole) if whole >= A_MINUTE else plural(whole, "second")
        problem = f"Too many attempts. Try again in {words}."
        return _form(request, status=429, email=email, target=target, problem=problem)
    try:
        session = await services(request).auth.sign_in(email, password)
    except SignInRefusedError:
        await db.call("note_sign_in_failure", keys=keys)
        return _form(request, status=401, email=email, target=target, problem=WRONG)
    await _welcome(db, keys, session.admin.email)
    keep_session(request, session)
    drop_cookie(request, BINDING)
    return redirect(request, target)


async def _welcome(db: Database, keys: list[str], email: str) -> None:
    await db.call("note_sign_in", keys=keys, actor=email)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session, here and at the auth server."""
    try:
        admin = await signed_in(request)
    except SignInNeededError:
        return RedirectResponse("/sign-in", status_code=303)
    form = await request.form()
    if not csrf_valid(admin.session_id, str(form.get("csrf_token", ""))):
        raise ForbiddenError
    # An expired token ends nothing at the auth server; the one it was renewed to a moment ago does.
    token = getattr(request.state, "access_token", None) or request.cookies.get(ACCESS, "")
    await services(request).auth.sign_out(token, admin)
    drop_cookie(request, ACCESS)
    drop_cookie(request, REFRESH)
    return redirect(request, "/sign-in", "You are signed out.")
