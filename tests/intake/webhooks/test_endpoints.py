"""An endpoint: where it may be, who changes it, and what a test of it tells."""

from pathlib import Path
from typing import Any

import pytest

from intake.domain.webhook import MOST_OF_A_SOURCE
from tests.intake.crm import post_due, publish, receive, register
from tests.intake.webhooks.endpoints import code, read
from tests.intake.world import World, open_world
from tests.notifier.receiver import Receiver, receiving


async def test_a_test_tells_what_the_receiver_said(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    good = (await crm.post(f"/v1/webhooks/{hook['id']}/test")).json()
    receiver.answers = [(403, {})]
    bad = (await crm.post(f"/v1/webhooks/{hook['id']}/test")).json()
    assert [good["delivered"], good["status"], bad["delivered"], bad["reason"]] == [
        True,
        204,
        False,
        "http_403",
    ]
    assert receiver.posts[0].told["type"] == "webhook.test"
    assert receiver.posts[0].verified(hook["secret"])
    assert (await read(crm, hook))["failures"] == 0


async def test_an_address_that_is_not_public_is_refused(intake_url: str, tmp_path: Path) -> None:
    async with open_world(intake_url, tmp_path) as closed, receiving() as receiver:
        hook = await register(closed.client("crm"), receiver.url)
        tried = (await closed.client("crm").post(f"/v1/webhooks/{hook['id']}/test")).json()
        assert (tried["delivered"], tried["reason"]) == (False, "address_refused")
        assert receiver.posts == []


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"url": "ftp://crm.example.org/"}, "/url"),
        ({"url": "https://user:word@crm.example.org/"}, "/url"),
        ({"url": "https://crm.example.org/#part"}, "/url"),
        ({"url": "https://crm.example.org/", "event_types": []}, "/event_types"),
        ({"url": "https://crm.example.org/", "event_types": ["complaint.eaten"]}, "/event_types/0"),
        ({}, "/url"),
    ],
)
async def test_what_nothing_can_be_posted_to_is_refused_by_its_name(
    world: World, values: dict[str, Any], pointer: str
) -> None:
    answer = await world.client("crm").post("/v1/webhooks", json=values)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_source_has_only_so_many_endpoints(world: World) -> None:
    crm = world.client("crm")
    for number in range(MOST_OF_A_SOURCE):
        await register(crm, f"https://crm.example.org/{number}")
    answer = await crm.post("/v1/webhooks", json={"url": "https://crm.example.org/more"})
    assert (answer.status_code, code(answer)) == (409, "too-many-webhooks")
    await register(world.client("shop"), "https://shop.example.org/")


async def test_every_change_of_an_endpoint_names_the_version_that_was_read(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    path = f"/v1/webhooks/{hook['id']}"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", path, {"json": {"description": "x"}}),
        ("DELETE", path, {}),
        ("POST", f"{path}/rotate-secret", {}),
    ]
    for method, url, given in calls:
        assert (await crm.request(method, url, **given)).status_code == 428
        stale = await crm.request(method, url, headers={"If-Match": '"v7"'}, **given)
        assert (stale.status_code, stale.headers["etag"]) == (412, '"v1"')
    assert (await crm.delete(path, headers={"If-Match": '"v1"'})).status_code == 204
    assert (await crm.get(path)).status_code == 404


async def test_a_deleted_endpoint_gets_nothing_even_of_what_waits(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    await receive(crm, "1")
    await publish(world)
    await crm.delete(f"/v1/webhooks/{hook['id']}", headers={"If-Match": "*"})
    assert await post_due(world) == 0
