"""Sign-in and sign-out. The only pages for people who are not signed in.

A wrong password, an unknown address and an account without the role look the same from outside. An attempt takes from
allowances in the database before the password is checked, so that guessing slows down across all containers.
"""

from __future__ import annotations

import math
import secrets
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.settings import settings
from app.settings.proxies import client_address, network_of, read_proxies
from app.setup.sign_ins import release_sign_in, reserve_sign_in
from app.text.numbers import plural
from web.asking.forms import read_form
from web.deps import Db, keep_session, services, signed_in
from web.drawing.formats import duration
from web.drawing.pages import local_path, page, redirect
from web.session.auth import AuthUnavailableError, SignInRefusedError
from web.session.cookies import ACCESS, BINDING, REFRESH, drop_cookie, put_cookie
from web.session.devices import known_device, mark_device
from web.session.errors import ForbiddenError, SignInNeededError
from web.session.security import csrf_token, csrf_valid

router = APIRouter()
WRONG = "Wrong e-mail or password, or this account has no admin access."
LONGEST_EMAIL = 320
A_MINUTE = 60
BINDING_AGE_S = 60 * 60 * 12


def _form(
    request: Request, *, status: int = 200, email: str = "", target: str = "/", problem: str | None = None
) -> Response:
    binding = request.cookies.get(BINDING) or secrets.token_urlsafe(18)
    put_cookie(request, BINDING, binding, max_age=BINDING_AGE_S)
    return page(
        request,
        "sign_in/page.html",
        status=status,
        email=email,
        next=target,
        problem=problem,
        form_token=csrf_token(f"sign-in|{binding}"),
    )


def _network(request: Request) -> str:
    """Where the attempt comes from, as far as it can be believed."""
    peer = request.client.host if request.client else ""
    forwarded = request.headers.getlist("x-forwarded-for")
    return network_of(client_address(peer, forwarded, read_proxies(settings().trusted_proxies)))


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
    form = await read_form(request)
    email, target = form.text("email")[:LONGEST_EMAIL], local_path(form.text("next"))
    password = (await request.form()).get("password")
    if not csrf_valid(f"sign-in|{request.cookies.get(BINDING, '')}", form.text("csrf_token")):
        problem = "This form expired, or your browser blocks cookies. Please try again."
        return _form(request, status=403, email=email, target=target, problem=problem)
    attempt = await reserve_sign_in(db, email, _network(request), known_device(request, email))
    if attempt.wait_s > 0:
        return _refused_for_now(request, attempt.wait_s, email=email, target=target)
    try:
        session = await services(request).auth.sign_in(email, password if isinstance(password, str) else "")
    except SignInRefusedError:
        return _form(request, status=401, email=email, target=target, problem=WRONG)
    except AuthUnavailableError:
        await release_sign_in(db, attempt)
        answer = _form(
            request,
            status=503,
            email=email,
            target=target,
            problem="Sign-in is unavailable. Try again in a few seconds.",
        )
        answer.headers["retry-after"] = "5"
        return answer
    await release_sign_in(db, attempt, actor=session.admin.email)
    keep_session(request, session)
    mark_device(request, email)
    drop_cookie(request, BINDING)
    return redirect(request, target)


def _refused_for_now(request: Request, wait_s: float, **shown: Any) -> Response:
    whole = max(1, math.ceil(wait_s))
    words = duration(whole) if whole >= A_MINUTE else plural(whole, "second")
    answer = _form(request, status=429, problem=f"Too many attempts. Try again in {words}.", **shown)
    answer.headers["retry-after"] = str(whole)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session, here and at the auth server."""
    try:
        admin = await signed_in(request)
    except SignInNeededError:
        return RedirectResponse("/sign-in", status_code=303)
    if not csrf_valid(admin.session_id, (await read_form(request)).text("csrf_token")):
        raise ForbiddenError
    # An expired token ends nothing at the auth server; the one it was renewed to a moment ago does.
    token = getattr(request.state, "access_token", None) or request.cookies.get(ACCESS, "")
    await services(request).auth.sign_out(token, admin)
    drop_cookie(request, ACCESS)
    drop_cookie(request, REFRESH)
    return redirect(request, "/sign-in", "You are signed out.")
