"""One POST to Clay, and what its outcome means: taken, certainly not taken, or nobody knows.

That difference decides whether money may be spent again. Only what Clay certainly did not take is ever repeated by
itself: no connection, 429, other 4xx. Whatever else follows a body that was under way (silence, a 5xx, a redirect)
counts as sent, and waits for its callback: each of these was seen to leave a row with the receiver.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from app.clay.config import ClayConfig
from app.clay.public_transport import PrivateAddressError, PublicTransport
from app.logs import mask_logger

__all__ = ["TIMEOUT", "Answer", "http_client", "post_row"]

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
AUTH_HEADER = "x-clay-webhook-auth"
SAID = 300
READ_AT_MOST = 4096
READ_FOR_S = 10.0
LONGEST_WAIT_S = 3600.0
RATE_LIMIT_WAIT_S = 2.0
UNAVAILABLE_WAIT_S = 5.0

BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
GAVE_UP_WAITING = frozenset((504, 520, 524))
"""A gateway's time-outs (520 and 524 are Cloudflare's words): not even `resend_on_5xx` sends these rows again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one row's POST.

    Attributes:
        outcome: taken; refused (it certainly did not get in); unknown (it was, or may have been, taken); unsent (it
            never left).
        code: unless taken, the error code of the step.
        text: unless taken, the reason in the user's words.
        retry: a later attempt may succeed; an unknown one is repeated only where the step's setting wants it.
        retry_after_s: not before this many seconds.
        snooze: the attempt is not counted, since the row itself was not refused.
        status: the HTTP status, if there was one.
    """

    outcome: Literal["taken", "refused", "unknown", "unsent"]
    code: str = ""
    text: str = ""
    retry: bool = False
    retry_after_s: float | None = None
    snooze: bool = False
    status: int | None = field(default=None, compare=False)


def http_client() -> httpx.AsyncClient:
    """The HTTP client for webhooks: no redirects, no proxies, no connection into private networks.

    The caller closes it. One client serves any number of chunks.
    """
    return httpx.AsyncClient(transport=PublicTransport(), timeout=TIMEOUT, follow_redirects=False)


async def post_row(http: httpx.AsyncClient, config: ClayConfig, body: bytes) -> Answer:
    """Send one row. Never raises for anything that the network or Clay does.

    Args:
        http: `http_client()`.
        config: where to and with which token.
        body: the row as a JSON object.
    """
    headers = {"content-type": "application/json"}
    if config.auth_token:
        headers[AUTH_HEADER] = config.auth_token.get_secret_value()
    try:
        request = http.build_request("POST", config.webhook_url, content=body, headers=headers, timeout=TIMEOUT)
        response = await http.send(request, stream=True)
    except PrivateAddressError:
        return Answer(
            "refused", "clay_rejected", "The webhook URL points to a private network; rows are not sent there."
        )
    except BEFORE_SENDING as error:
        return Answer(
            "refused",
            "clay_unavailable",
            f"Clay could not be reached ({_reason(error)}); nothing was sent.",
            retry=True,
            retry_after_s=UNAVAILABLE_WAIT_S,
            snooze=True,
        )
    except httpx.HTTPError as error:
        return _silence(type(error).__name__)
    except Exception as error:  # noqa: BLE001 -- whatever it was, the row may be under way
        log.warning("a POST to Clay ended oddly: %s", type(error).__name__)
        return _silence(type(error).__name__)
    try:
        said = await _read_some(response)
    finally:
        await response.aclose()
    return judge(response.status_code, response.headers, _without_secrets(said, config))


def _silence(what: str) -> Answer:
    """No answer, after the body was or may have been under way."""
    return Answer("unknown", "clay_unavailable", f"Clay did not answer ({what}); the row may have been accepted.")


def judge(status: int, headers: httpx.Headers, said: str) -> Answer:
    """What an HTTP answer means for the row.

    Args:
        status: the status code.
        headers: for Retry-After.
        said: the beginning of the body, for the reason.
    """
    if 200 <= status < 300:  # noqa: PLR2004 -- success
        return Answer("taken", status=status)
    tail = f" Clay said: {said}" if said else ""
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Answer(
            "refused",
            "clay_rate_limited",
            f"Clay asked us to slow down (429).{tail}",
            retry=True,
            retry_after_s=retry_after_s(headers) or RATE_LIMIT_WAIT_S,
            snooze=True,
            status=status,
        )
    if status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY) or not 400 <= status < 500:  # noqa: PLR2004
        passing = status >= 400 and status not in GAVE_UP_WAITING  # noqa: PLR2004 -- a redirect is for good
        return Answer(
            "unknown",
            "clay_unavailable",
            f"Clay answered with {status}; the row may have been accepted.{tail}",
            retry=passing,
            retry_after_s=(retry_after_s(headers) or UNAVAILABLE_WAIT_S) if passing else None,
            status=status,
        )
    return Answer("refused", *_permanent(status, tail), status=status)


def _permanent(status: int, tail: str) -> tuple[str, str]:
    """Code and text of an answer that will be the same next time."""
    if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        return "clay_not_found", (
            f"The Clay table or its webhook is gone ({status}). Check the webhook URL in the client's workflow "
            f"settings, then retry these rows.{tail}"
        )
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return "clay_unauthorized", (
            f"Clay refused the webhook's authentication token ({status}). Check it in the client's workflow settings, "
            f"then retry these rows.{tail}"
        )
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return "payload_too_large", f"Clay found the row too large (413).{tail}"
    return "clay_rejected", f"Clay rejected the row ({status}).{tail}"


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Seconds that a Retry-After header asks to wait, given as seconds or as a date; at most an hour."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if seconds == seconds else None  # noqa: PLR0124 -- not NaN


def _reason(error: httpx.HTTPError) -> str:
    """Why a connection did not come about; never more than that, since errors may quote URLs."""
    if isinstance(error, httpx.TimeoutException):
        return "no connection in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "its name could not be resolved"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
        cause = cause.__cause__ or cause.__context__
    return "no connection"


async def _read_some(response: httpx.Response) -> str:
    """The beginning of the body on one line; what cannot be read is left out.

    A short body is read to its end, so that the connection can serve the next row.
    """
    said = bytearray()
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(READ_FOR_S):
            async for part in response.aiter_bytes():
                said += part
                if len(said) >= READ_AT_MOST:
                    break
    text = " ".join(said.decode("utf-8", "replace").replace("\0", "").split())
    return text[:SAID] + ("…" if len(text) > SAID else "")


def _without_secrets(said: str, config: ClayConfig) -> str:
    """Clay's words without the webhook's URL or token, should it quote them."""
    url = httpx.URL(config.webhook_url)
    secrets = [config.webhook_url, url.path.strip("/"), url.path.rstrip("/").rpartition("/")[2]]
    if config.auth_token:
        secrets.append(config.auth_token.get_secret_value())
    for secret in secrets:
        if len(secret) >= 8:  # noqa: PLR2004 -- shorter ones are words
            said = said.replace(secret, "…")
    return said


mask_logger("httpx")  # it logs whole URLs at level INFO, and a webhook's URL is a secret
