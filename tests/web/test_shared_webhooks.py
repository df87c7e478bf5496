"""One Clay webhook for two clients mixes their rows: it is asked about when saved, and shown on the health page."""

from __future__ import annotations

import pytest

from app.errors import ConflictError
from app.setup.clients import create_client
from app.setup.configs import save_workflow_config
from tests.web.forms_kit import Hands
from tests.web.kit import SECRET, Scene

URL = "https://api.clay.example/v3/sources/webhook/abc"


@pytest.fixture
async def other(scene: Scene) -> str:
    return str((await create_client(scene.db, "Other", actor="test"))["uid"])


async def test_a_webhook_of_another_client_must_be_confirmed(hands: Hands, scene: Scene, other: str) -> None:
    path = f"/clients/{other}/workflows/enrich_company_clay"
    asked = await hands.post(path, {"webhook_url": f" {URL} ", "auth_token": "typed-by-hand"})
    assert asked.status_code == 409
    assert "This webhook URL is already used by Alder &amp; Finch." in asked.text
    assert 'name="share_webhook"' in asked.text
    assert "Enter it again" in asked.text
    assert "typed-by-hand" not in asked.text
    assert await scene.pg.fetchval("select count(*) from client_workflow_configs") == 1
    saved = await hands.post(path, {"webhook_url": URL, "share_webhook": "1"})
    assert saved.status_code == 303
    # Once confirmed, a change of something else does not ask again.
    again = await hands.post(path, {"webhook_url": URL, "burst": "3", "version": "1"})
    assert again.status_code == 303


async def test_the_health_page_shows_who_shares_a_webhook_and_never_the_url(
    hands: Hands, scene: Scene, other: str
) -> None:
    assert "share one Clay webhook" not in (await hands.http.get("/health")).text
    config = {"webhook_url": URL, "receiver_token": "receiver-" + SECRET}
    await save_workflow_config(scene.db, other, "enrich_company_clay", config, share_webhook=True, actor="test")
    page = (await hands.http.get("/health")).text
    assert "Alder &amp; Finch and Other share one Clay webhook" in page
    assert URL not in page


async def test_a_program_must_say_that_it_is_meant(scene: Scene, other: str) -> None:
    config = {"webhook_url": URL, "receiver_token": "receiver-" + SECRET}
    with pytest.raises(ConflictError, match=r"already used by Alder & Finch"):
        await save_workflow_config(scene.db, other, "enrich_person_clay", config, actor="test")
    # The same client may use one table for two workflows.
    await save_workflow_config(scene.db, scene.client, "enrich_person_clay", config, actor="test")
