"""What a log line says, and what it never says: every secret that Leadloom handles is fed through both forms."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest
from pydantic import SecretStr

from app.errors import SettingsError
from app.logs import NOISY, JsonFormatter, TextFormatter, log_context, mask_logger, set_up_logging
from app.settings import Settings, settings

TOKEN = "0f9e1d2c-0000-4000-8000-1234567890ab.2.1.qAbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-ABCDE"
HOOK = "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-9f1c"
JWT = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"

SECRETS = {
    f'POST "{HOOK}" timed out': ["pull-in-data", "9f1c"],
    f"/clay/enrich_company_clay/{TOKEN}": [TOKEN, TOKEN.rsplit(".", 1)[1]],
    f'127.0.0.1:5000 - "POST /clay/enrich_company_clay/{TOKEN}?x=1 HTTP/1.1" 200': [TOKEN.rsplit(".", 1)[1]],
    "GET /share/eyJ1aWQiOiIxIn0.c2VhbGVkLXZhbHVl/leads.csv": ["c2VhbGVkLXZhbHVl", "eyJ1aWQiOiIxIn0"],
    "Authorization: Bearer 4f3a9c0de8b7": ["4f3a9c0de8b7"],
    "apikey sb_secret_AbC-dEf_123456 is refused": ["AbC-dEf_123456"],
    f"the key {JWT} is refused": ["c2lnbmF0dXJl", "eyJyb2xlIjoic2VydmljZV9yb2xlIn0"],
    "postgresql://postgres.ref:hunter2-hunter2@db.example.com:5432/postgres": ["hunter2", "postgres.ref"],
    "form was email=x&password=correct+horse&next=/": ["correct+horse"],
    '{"webhook_url": "hook-93", "auth_token": "abc-123", "receiver_token": "r-77"}': ["hook-93", "abc-123", "r-77"],
    "{'x-clay-webhook-auth': 'tok-secret-1'}": ["tok-secret-1"],
    "LEADLOOM_SIGNING_KEY=k3y-k3y-k3y": ["k3y-k3y"],
    "cookie: leadloom_access=abc.def.ghi; leadloom_refresh=jkl": ["abc.def.ghi", "jkl"],
    "1 validation error: input_value='jane@private.example 555', input_type=str": ["jane", "555"],
    "duplicate key: Key (lower(email))=(Jane Doe) already exists.": ["Jane Doe"],
    "could not read jane.doe+x@private.example": ["jane.doe"],
    "GET /leads?search=jane.doe%40private.example": ["jane.doe"],
}


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("app.test", logging.INFO, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize("form", [JsonFormatter, TextFormatter])
@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_is_written(text: str, form: type[logging.Formatter]) -> None:
    """As the message, as its argument, as a name beside it, and as the text of an exception."""
    try:
        raise ValueError(text)  # noqa: TRY301 -- the traceback is what is wanted
    except ValueError:
        error = sys.exc_info()
    failed = record("it failed")
    failed.exc_info = error
    for made in (record(text.replace("%", "%%")), record("it said %s", text), record("x", callback=text), failed):
        if not made.args:
            made.msg = made.msg.replace("%%", "%")
        line = form("web").format(made)
        for secret in SECRETS[text]:
            assert secret not in line


def test_this_installations_own_secrets_are_masked_whatever_they_look_like(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SUPABASE_URL": "http://127.0.0.1:1",
        "SUPABASE_SECRET_KEY": "plainsecretkey",
        "SUPABASE_PUBLISHABLE_KEY": "p",
        "LEADLOOM_SIGNING_KEY": "just some words that sign " * 2,
    }.items():
        monkeypatch.setenv(name, value)
    assert isinstance(settings(), Settings)
    assert isinstance(settings().signing_key, SecretStr)
    line = TextFormatter("web").format(record("%s and %s", "plainsecretkey", "just some words that sign " * 2))
    assert line == "INFO app.test: … and …"


@pytest.mark.parametrize(
    "text",
    [
        "Upload 1234 failed: row 7 has no closing quote",
        "enrich_company_clay has no worker: add a line for it to functions/workers.py",
        "POST /batches/0f9e1d2c-0000-4000-8000-1234567890ab/pause: the token bucket is empty",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert TextFormatter("web").format(record(text)) == f"INFO app.test: {text}"


def test_of_an_address_the_host_and_our_own_function_are_told() -> None:
    text = "cannot reach http://127.0.0.1:54321/rest/v1/rpc/claim_chunk?x=1 and https://api.clay.com/v3/sources"
    said = TextFormatter("web").format(record(text))
    assert said.endswith("http://127.0.0.1:54321/rest/v1/rpc/claim_chunk/… and https://api.clay.com/…")


def test_a_json_line_carries_what_is_known() -> None:
    with log_context(batch="b-1", workflow="split_raw"), log_context(step=2, item=None):
        line = json.loads(JsonFormatter("engine").format(record("%d rows", 7, item="i-9")))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "part": "engine",
        "logger": "app.test",
        "message": "7 rows",
        "batch": "b-1",
        "step": 2,
        "workflow": "split_raw",
        "item": "i-9",
    }
    after = json.loads(JsonFormatter("engine").format(record("later")))
    assert "batch" not in after


def test_a_text_line_is_one_line_and_ends_with_what_is_known() -> None:
    with log_context(batch="b-1", step=2):
        line = TextFormatter("engine").format(record("first\nERROR forged: second"))
    assert line == "INFO app.test: first\\nERROR forged: second (batch=b-1 step=2)"


def test_a_long_message_is_cut() -> None:
    assert len(TextFormatter("web").format(record("x" * 5_000_000))) < 5_000


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    noisy = {name: logging.getLogger(name).level for name in NOISY}
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    for name, before in noisy.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.usefixtures("_logging_as_before")
def test_json_where_nobody_reads_along_and_text_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delenv("LEADLOOM_LOG", raising=False)
    monkeypatch.delenv("LEADLOOM_LOG_LEVEL", raising=False)
    set_up_logging("web")
    set_up_logging("web")
    logging.getLogger("app.test").info("once")
    [line] = stream.getvalue().splitlines()
    assert json.loads(line)["message"] == "once"
    monkeypatch.setenv("LEADLOOM_LOG", "text")
    set_up_logging("web")
    logging.getLogger("app.test").info("for machines only, unless asked")
    monkeypatch.setenv("LEADLOOM_LOG_LEVEL", "info")
    set_up_logging("web")
    logging.getLogger("app.test").info("plain")
    assert stream.getvalue().splitlines()[1:] == ["INFO app.test: plain"]
    monkeypatch.setenv("LEADLOOM_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match="LEADLOOM_LOG_LEVEL is 'loud'"):
        set_up_logging("web")
    monkeypatch.setenv("LEADLOOM_LOG", "xml")
    with pytest.raises(SettingsError, match="LEADLOOM_LOG is 'xml'"):
        set_up_logging("web")


def test_a_library_with_a_handler_of_its_own_does_not_print_a_token() -> None:
    """Somebody runs the app under uvicorn with its own access log."""
    from uvicorn.logging import AccessFormatter  # noqa: PLC0415

    logger, stream = logging.getLogger("uvicorn.access"), StringIO()
    mask_logger("uvicorn.access")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(AccessFormatter('%(client_addr)s - "%(request_line)s" %(status_code)s', use_colors=False))
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        logger.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", f"/clay/enrich_person_clay/{TOKEN}", "1.1", 200)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert stream.getvalue().strip() == '127.0.0.1:1 - "POST /clay/enrich_person_clay/… HTTP/1.1" 200 OK'
