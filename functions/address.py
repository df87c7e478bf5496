"""Where Clay's answers come in: the web function's address, which Modal alone knows.

It is asked for when somebody needs it, and kept by this container once it is known. Nobody fails for the lack of it: an
app that was never deployed has no address yet, and rows that need one wait.
"""

from __future__ import annotations

import logging

import modal

from app.settings import settings
from functions.modal_app import APP_NAME, WEB_FUNCTION

__all__ = ["public_url"]

log = logging.getLogger(__name__)
_known: dict[str, str] = {}


def public_url() -> str | None:
    """The address that Clay can answer to; None as long as there is none.

    `PUBLIC_URL` in the secret (a custom domain) comes first and asks nobody. Then the deployed app's address, because
    Clay may answer hours after a `modal run` has ended. An app that is only being served (`modal serve`) has an address
    that its web function alone knows, and hands to whatever it starts. Blocks on the network until the address is
    known: call it from a thread.
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
        return None  # never deployed
    except modal.exception.Error as failure:
        log.warning("Modal was asked for the app's address and did not answer: %s", failure)
        return None
    return address
