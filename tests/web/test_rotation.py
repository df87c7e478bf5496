"""Changing keys while answers are under way: what the key before had signed is believed until it is retired."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.errors import SettingsError
from app.settings import settings
from tests.clay_kit import RECEIVER_TOKEN, SLUG, ClayWorld, answer
from tests.conftest import TestStack
from tests.web.kit import Scene, csrf
from web.session.security import csrf_token, csrf_valid, open_sealed, seal

NEWER, NEWEST = "n" * 40, "m" * 40
Rotate = Callable[..., None]


@pytest.fixture
def rotate(stack: TestStack, monkeypatch: pytest.MonkeyPatch) -> Rotate:
    """Give the processes another key, and the ones before it to believe."""

    def to(key: str, *previous: str) -> None:
        monkeypatch.setenv("LEADLOOM_SIGNING_KEY", key)
        monkeypatch.setenv("LEADLOOM_SIGNING_KEY_PREVIOUS", ",".join(previous))

    return to


async def test_an_answer_under_way_arrives_after_the_key_was_changed(
    clay: ClayWorld, guest: httpx.AsyncClient, stack: TestStack, rotate: Rotate
) -> None:
    old = stack.settings.signing_key.get_secret_value()
    first, second, third = await clay.sent(3)
    urls = [f"/clay/{SLUG}/{row.token()}" for row in (first, second, third)]
    rotate(NEWER, old)
    assert (await guest.post(urls[0], json=answer())).json() == {"verdict": "applied"}
    rotate(NEWEST, NEWER, old)
    assert (await guest.post(urls[1], json=answer())).json() == {"verdict": "applied"}
    rotate(NEWEST, NEWER)
    assert (await guest.post(urls[2], json=answer())).status_code == 404, "a key that was retired opens nothing"
    assert first.token() != urls[0].rpartition("/")[2], "what is signed now is signed with the new key"
    assert (await guest.post(f"/clay/{SLUG}/{third.token()}", json=answer())).json() == {"verdict": "applied"}


async def test_a_share_link_and_an_open_form_outlive_the_change(
    scene: Scene, operator: httpx.AsyncClient, app: FastAPI, stack: TestStack, rotate: Rotate
) -> None:
    page = await operator.get(f"/clients/{scene.client}/share")
    await operator.post(f"/clients/{scene.client}/share", data={"days": "30", "csrf_token": csrf(page)})
    shown = (await operator.get(f"/clients/{scene.client}/share")).text
    link = "/share/" + shown.split("https://leadloom.example/share/")[1].split('"')[0].split("<")[0]
    rotate(NEWER, stack.settings.signing_key.get_secret_value())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://leadloom.example") as stranger:
        assert (await stranger.get(link)).status_code == 200
        saved = await operator.post(f"/clients/{scene.client}/share", data={"days": "7", "csrf_token": csrf(page)})
        assert saved.status_code == 303
        assert link not in (await operator.get(f"/clients/{scene.client}/share")).text
        rotate(NEWER)
        assert (await stranger.get(link)).status_code == 404


def test_what_a_browser_holds_is_believed_under_the_key_before(stack: TestStack, rotate: Rotate) -> None:
    old = stack.settings.signing_key.get_secret_value()
    held = SimpleNamespace(form=csrf_token("session"), sealed=seal("flash", {"said": "x"}))
    rotate(NEWER, old)
    assert csrf_valid("session", held.form)
    assert not csrf_valid("another session", held.form)
    assert open_sealed("flash", held.sealed) == {"said": "x"}
    assert open_sealed("share", held.sealed) is None
    rotate(NEWER)
    assert not csrf_valid("session", held.form)
    assert open_sealed("flash", held.sealed) is None


@pytest.mark.parametrize("previous", ["short", f"{'k' * 40},short"])
def test_a_key_too_short_to_protect_is_refused(stack: TestStack, rotate: Rotate, previous: str) -> None:
    rotate(NEWER, previous)
    with pytest.raises(SettingsError, match="LEADLOOM_SIGNING_KEY_PREVIOUS") as refused:
        settings()
    assert "short" not in str(refused.value)


async def receiver_answer(guest: httpx.AsyncClient, token: str, item: str) -> httpx.Response:
    body = answer() | {"batch_item_id": item}
    return await guest.post(f"/clay/{SLUG}", json=body, headers={"authorization": f"Bearer {token}"})


async def test_a_replaced_receiver_token_is_accepted_for_a_week(
    clay: ClayWorld, guest: httpx.AsyncClient, pg: asyncpg.Connection
) -> None:
    rows = await clay.sent(3)
    await clay.configure(clay.world.client, receiver_token="the-new-receiver-token-of-northgate")
    taken = await receiver_answer(guest, RECEIVER_TOKEN, rows[0].item)
    assert taken.json() == {"verdict": "applied"}
    taken = await receiver_answer(guest, "the-new-receiver-token-of-northgate", rows[1].item)
    assert taken.json() == {"verdict": "applied"}
    await pg.execute("update retired_receiver_tokens set accepted_until = now() - interval '1 second'")
    assert (await receiver_answer(guest, RECEIVER_TOKEN, rows[2].item)).status_code == 401


async def test_a_token_that_got_out_is_refused_at_once(
    clay: ClayWorld, guest: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    [row] = await clay.sent()
    client = clay.world.client
    await clay.configure(client, receiver_token="the-new-receiver-token-of-northgate")
    page = await operator.get(f"/clients/{client}/workflows/{SLUG}")
    assert "Replaced receiver tokens are accepted until" in page.text
    form = {"csrf_token": csrf(page), "label": ""}
    assert (await operator.post(f"/clients/{client}/workflows/{SLUG}/refuse-retired", data=form)).status_code == 303
    assert (await receiver_answer(guest, RECEIVER_TOKEN, row.item)).status_code == 401
    assert "were replaced" not in (await operator.get(f"/clients/{client}/workflows/{SLUG}")).text
    back = await receiver_answer(guest, "the-new-receiver-token-of-northgate", row.item)
    assert back.json() == {"verdict": "applied"}
