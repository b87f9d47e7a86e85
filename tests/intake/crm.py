"""What tests of the feed of changes and of webhooks do."""

from typing import Any

import httpx

from intake.jobs.send_webhooks import RunWebhooks
from tests.intake.world import World, a_complaint

LOOPBACK = {"webhook_allow": ("127.0.0.0/8",), "webhook_timeout_seconds": 5.0}


async def publish(world: World) -> int:
    """Publish everything that was noticed; gives how many changes."""
    number = 0
    while changes := (await world.intake.crm.publish()()).changes:
        number += changes
    return number


async def post_due(world: World, run: RunWebhooks | None = None) -> int:
    """Send what is due, and wait for it; gives how many attempts were made."""
    run = run or world.intake.crm.webhooks()
    number = 0
    while started := await run.start_due():
        number += started
        await run.finish()
    return number


async def told(world: World, run: RunWebhooks | None = None) -> int:
    """Publish and send."""
    await publish(world)
    return await post_due(world, run)


async def receive(client: httpx.AsyncClient, external_id: str, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/complaints", json=a_complaint(external_id=external_id, **changes))
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def register(client: httpx.AsyncClient, url: str, **values: Any) -> dict[str, Any]:
    answer = await client.post("/v1/webhooks", json={"url": url} | values)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def changes(client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get("/v1/changes", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
