"""Errors as pages: every refusal says what happened and what to do, as a full page or as a fragment.

Handlers raise; nothing here is reached by a request that went well. `web.drawing.pages` draws the answers.
"""

from __future__ import annotations

import logging
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.errors import ConflictError, DatabaseUnavailableError, KeyRefusedError, LeadloomError, UserError
from web.drawing.pages import error_page
from web.session.auth_answers import AuthUnavailableError
from web.session.errors import SignInNeededError
from web.session.security import HEADERS

__all__ = ["register"]

log = logging.getLogger(__name__)
UNAVAILABLE = 503
RETRY_AFTER_S = "5"


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _shown_page(request: Request) -> str:
    """Path and query of the page that htmx asks from."""
    try:
        shown = urlsplit(request.headers.get("hx-current-url", ""))
    except ValueError:
        return "/"
    return f"{shown.path}?{shown.query}" if shown.query else shown.path or "/"


async def _sign_in_needed(request: Request, _error: Exception) -> Response:
    """To the sign-in page and back again; a fragment makes the whole page go there."""
    # What a POST wanted cannot be repeated after the sign-in; the page it came from can.
    by_script = "hx-request" in request.headers or "x-leadloom-upload" in request.headers
    page = _shown_page(request)
    back = page if by_script else _path(request) if request.method == "GET" else "/"
    target = "/sign-in" if back == "/" else f"/sign-in?next={quote(back, safe='')}"
    if by_script:
        return Response(status_code=401, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=303)


async def _user_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, UserError)  # noqa: S101 -- registered for this class only
    if "x-leadloom-upload" in request.headers:
        said = {"message": error.message, "hint": error.hint, "again": isinstance(error, ConflictError)}
        return JSONResponse(said, error.status)
    return error_page(request, error.status, error.message, error.hint)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    words = {
        404: ("Page not found.", "Check the address, or start from the list of clients."),
        405: ("This address does not accept that request.", "Go back and try again."),
    }
    message, hint = words.get(error.status_code, (str(error.detail), None))
    return error_page(request, error.status_code, message, hint)


async def _bad_address(request: Request, _error: Exception) -> Response:
    return error_page(request, 404, "Page not found.", "Check the address, or start from the list of clients.")


async def _sign_in_unavailable(request: Request, _error: Exception) -> Response:
    """Nobody can say whether the session lives: it is neither ended nor believed, and asked about again in a moment."""
    answer = error_page(request, UNAVAILABLE, "Sign-in is unavailable.", "Try again in a few seconds.")
    answer.headers["retry-after"] = RETRY_AFTER_S
    return answer


def _then(request: Request) -> str:
    """What to do after a failure of which we do not know how far the request had got."""
    if request.method in ("GET", "HEAD"):
        return "Try again in a few seconds."
    return "Your change may or may not have been saved. Check the page before you send it again."


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("%s %s: %s", request.method, request.url.path, error)
    message, hint = "The database cannot be reached.", _then(request)
    if isinstance(error, KeyRefusedError):
        message, hint = error.message, "Nothing is lost: work resumes as soon as the key is accepted again."
    answer = error_page(request, UNAVAILABLE, message, hint)
    answer.headers["retry-after"] = RETRY_AFTER_S
    return answer


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    hint = f"{_then(request)} See the log for details."
    answer = error_page(request, 500, "Something went wrong on our side.", hint)
    # Answers to what nobody foresaw are made outside the middleware that guards all others.
    answer.headers.update({**HEADERS, "cache-control": "no-store"})
    return answer


def register(app: FastAPI) -> None:
    """Attach the handlers to the application."""
    app.add_exception_handler(SignInNeededError, _sign_in_needed)
    app.add_exception_handler(UserError, _user_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_address)
    app.add_exception_handler(DatabaseUnavailableError, _unavailable)
    app.add_exception_handler(AuthUnavailableError, _sign_in_unavailable)
    app.add_exception_handler(LeadloomError, _unexpected)
    app.add_exception_handler(Exception, _unexpected)
