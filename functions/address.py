"""Where Clay's answers come in: the web function's address, which Modal alone knows.

It is asked for when somebody needs it, and kept by this container once it is known. Nobody fails for the lack of it: an
app that was never deployed has no address yet, and rows that need one wait.
"""

from __future__ import annotations

import logging
from importlib import import_module

import modal

from app.settings import settings
from functions.modal_app import APP_NAME, WEB_FUNCTION

__all__ = ["public_url"]

log = logging.getLogger(__name__)
_known: dict[str, str] = {}


def public_url() -> str | None:
    """The address that Clay can answer to; None as long as there is none.

    `PUBLIC_URL` in the secret (a custom domain) comes first and asks nobody. Then the deployed app's address, because
    Clay may answer hours after a `modal run` has ended; an app that is only being served has its own. Blocks on the
    network until the address is known: call it from a thread.
    """
    given = settings().public_url
    if given:
        return given
    if APP_NAME not in _known:
        found = _web_url()
        if found is None:
            return None
        _known[APP_NAME] = found
    return _known[APP_NAME]


def _web_url() -> str | None:
    try:
        address: str | None = modal.Function.from_name(APP_NAME, WEB_FUNCTION).get_web_url()
    except modal.exception.NotFoundError:
        return _served_url()
    except modal.exception.Error as failure:
        log.warning("Modal was asked for the app's address and did not answer: %s", failure)
        return None
    return address


def _served_url() -> str | None:
    served = import_module("functions.web").web  # imported late: that module is built on this one
    try:
        address: str | None = served.get_web_url()
    except modal.exception.ExecutionError:  # the app is not running either
        return None
    return address
