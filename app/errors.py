"""Every error Leadloom raises on purpose; the rest of the data's way only ever catches these.

LeadloomError
├── UserError              someone can put it right: shown as it stands, with what to do
│   ├── InputError         the input is not acceptable (422)
│   ├── NotFoundError      what was named is not there (404)
│   ├── ConflictError      it changed meanwhile, or exists already (409)
│   └── SettingsError      the environment lacks something
├── DatabaseError          Supabase answered with an error of its own
│   └── DatabaseUnavailableError     could not be reached, or was cut off; safe to repeat   (retried)
│       └── KeyRefusedError          Supabase does not take the key: waited out, since it may be put right
└── StepError              one step of one item did not work
    ├── Retry              ask again after `delay_s`                                        (retried)
    ├── Cancel             pointless to repeat: fails at once with its reason
    └── BadInputError      the row lacks what the step needs
"""

from __future__ import annotations

__all__ = [
    "BadInputError",
    "Cancel",
    "ConflictError",
    "DatabaseError",
    "DatabaseUnavailableError",
    "InputError",
    "KeyRefusedError",
    "LeadloomError",
    "NotFoundError",
    "Retry",
    "SettingsError",
    "StepError",
    "UserError",
]


class LeadloomError(Exception):
    """That did not work."""

    retried = False

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class UserError(LeadloomError):
    """The request cannot be carried out as it stands."""

    status = 400

    def __init__(self, message: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        """The message and, where there is one, what to do about it."""
        return f"{self.message} {self.hint}" if self.hint else self.message


class InputError(UserError):
    """This input is not valid."""

    status = 422


class NotFoundError(UserError):
    """That does not exist."""

    status = 404


class ConflictError(UserError):
    """It already exists or was changed in the meantime."""

    status = 409


class SettingsError(UserError):
    """A setting is missing or wrong."""

    status = 500


class DatabaseError(LeadloomError):
    """The database refused the call."""

    def __init__(
        self,
        message: str | None = None,
        code: str | None = None,
        *,
        words: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.words = words or self.message
        self.status = status


class DatabaseUnavailableError(DatabaseError):
    """The database could not be reached."""

    retried = True


class KeyRefusedError(DatabaseUnavailableError):
    """Supabase refuses the key."""


class StepError(LeadloomError):
    """The step failed."""

    code = "workflow_error"

    def __init__(self, message: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class Retry(StepError):  # noqa: N818 -- a signal that workflows raise, not a defect
    """The step should be tried again."""

    retried = True

    def __init__(self, message: str | None = None, delay_s: float | None = None, code: str | None = None) -> None:
        super().__init__(message, code)
        self.delay_s = delay_s


class Cancel(StepError):  # noqa: N818 -- the same
    """The step cannot succeed and is not tried again."""


class BadInputError(StepError):
    """The row lacks what this step needs."""

    code = "bad_input"
