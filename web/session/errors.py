"""Why a request is not let in: nobody is signed in, or its form is not ours. `web/errors.py` answers for both."""

from __future__ import annotations

from app.errors import LeadloomError, UserError

__all__ = ["ForbiddenError", "SignInNeededError"]


class SignInNeededError(LeadloomError):
    """Nobody is signed in."""


class ForbiddenError(UserError):
    """This form is no longer valid."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This form is no longer valid.", "Go back, reload the page and submit it again.")
