"""The cookies of the admin pages: session tokens, the sign-in form's binding, the mark of a known device, one message.

A dependency or handler only says what should be set; the middleware writes it to whatever answer goes out, error pages
included.
"""

from __future__ import annotations

from http.cookies import SimpleCookie

from starlette.requests import Request

from web.session.security import is_https

__all__ = ["ACCESS", "BINDING", "DEVICE", "FLASH", "REFRESH", "drop_cookie", "put_cookie"]

ACCESS = "leadloom_access"
REFRESH = "leadloom_refresh"
BINDING = "leadloom_form"
DEVICE = "leadloom_device"
FLASH = "leadloom_flash"


def put_cookie(request: Request, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set a cookie on the answer to this request: HttpOnly, SameSite=Lax, Secure under https."""
    jar: SimpleCookie = SimpleCookie()
    jar[name] = value
    morsel = jar[name]
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    if is_https(request):
        morsel["secure"] = True
    if max_age is not None:
        morsel["max-age"] = max_age
    pending = [c for c in getattr(request.state, "cookies", []) if not c.startswith(f"{name}=")]
    request.state.cookies = [*pending, morsel.OutputString()]


def drop_cookie(request: Request, name: str) -> None:
    """Take a cookie away."""
    put_cookie(request, name, "", max_age=0)
