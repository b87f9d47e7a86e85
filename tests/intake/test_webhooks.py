"""Webhooks: signed, in order, repeated until taken, and each source's own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from chassis.webhooks.sealing import Sealer, Unreadable
from intake.domain.webhook import MOST_OF_A_SOURCE
from tests.intake.capa_events import triage
from tests.intake.crm import LOOPBACK, post_due, publish, receive, register, told
from tests.intake.world import PEPPER, World, open_world
from tests.notifier.receiver import Received, Receiver, receiving
from tests.support.waiting import until


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(intake_url, tmp_path, **LOOPBACK) as world:
        yield world


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


def names(posts: list[Received]) -> list[str]:
    return [post.told["data"]["external_id"] for post in posts]


async def deliveries(client: httpx.AsyncClient, hook: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/webhooks/{hook['id']}/deliveries", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def read(client: httpx.AsyncClient, hook: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/v1/webhooks/{hook['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(client: httpx.AsyncClient, hook: dict[str, Any], **values: Any) -> httpx.Response:
    return await client.patch(f"/v1/webhooks/{hook['id']}", json=values, headers={"If-Match": "*"})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


async def test_a_change_is_posted_signed_as_the_standard_library_verifies_it(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    received = await receive(crm, "1", description="My heart stopped.")
    assert await told(world) == 1
    (post,) = receiver.posts
    assert post.verified(hook["secret"])
    assert (post.told["type"], post.told["data"]["number"]) == ("complaint.received", received["number"])
    assert post.headers["webhook-id"] == post.told["data"]["change_id"]
    assert b"heart" not in post.body
    (delivery,) = await deliveries(crm, hook)
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 1, 204)


async def test_the_secret_is_shown_once_and_lies_encrypted(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    assert "secret" not in await read(crm, hook)
    kept = (await world.rows("SELECT secret FROM webhook_endpoint"))[0].secret
    assert hook["secret"].startswith("whsec_")
    assert hook["secret"] not in kept
    opened = Sealer(SecretStr(PEPPER), purpose="webhook-secrets").open(
        kept, place=f"webhook_endpoint/{hook['id']}"
    )
    assert opened == hook["secret"]
    with pytest.raises(Unreadable):
        Sealer(SecretStr("another pepper, just as long"), purpose="webhook-secrets").open(
            kept, place=f"webhook_endpoint/{hook['id']}"
        )


async def test_only_what_was_chosen_is_posted(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    await register(crm, receiver.url, event_types=["complaint.decided"])
    received = await receive(crm, "1")
    await told(world)
    assert receiver.posts == []
    await world.hears(triage(received["id"]))
    await told(world)
    assert [post.told["type"] for post in receiver.posts] == ["complaint.decided"]


async def test_two_sources_never_get_each_others_changes(world: World) -> None:
    async with receiving() as of_crm, receiving() as of_shop, receiving() as of_staff:
        crm, shop = world.client("crm"), world.client("shop")
        hook = await register(crm, of_crm.url)
        await register(shop, of_shop.url)
        await register(world.client("staff"), of_staff.url)
        await receive(crm, "c")
        await receive(shop, "s")
        await told(world)
        assert (names(of_crm.posts), names(of_shop.posts)) == (["c"], ["s"])
        assert sorted(names(of_staff.posts)) == ["c", "s"]
    assert (await shop.get(f"/v1/webhooks/{hook['id']}")).status_code == 404
    assert [one["url"] for one in (await shop.get("/v1/webhooks")).json()["items"]] == [of_shop.url]


async def test_after_a_rotation_both_secrets_sign_for_a_day(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    answer = await crm.post(f"/v1/webhooks/{hook['id']}/rotate-secret", headers={"If-Match": '"v1"'})
    fresh = answer.json()["secret"]
    await receive(crm, "1")
    await told(world)
    world.clock.move(hours=24)
    await receive(crm, "2")
    await told(world)
    during, after = receiver.posts
    assert [during.verified(hook["secret"]), during.verified(fresh)] == [True, True]
    assert [after.verified(hook["secret"]), after.verified(fresh)] == [False, True]


async def test_a_failed_post_is_tried_again_with_the_same_id_and_body_and_later_each_time(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.answers = [(500, {}), (500, {})]
    await receive(crm, "1")
    await told(world)
    (waiting,) = await deliveries(crm, hook, state="waiting")
    assert (waiting["reason"], waiting["status"]) == ("http_500", 500)
    assert "2026-11-20T12:00:05" <= waiting["next_attempt_at"] <= "2026-11-20T12:00:06.1"
    assert await post_due(world) == 0
    world.clock.move(seconds=7)
    assert await post_due(world) == 1
    world.clock.move(minutes=7)
    assert await post_due(world) == 1
    assert len({(post.headers["webhook-id"], post.body) for post in receiver.posts}) == 1
    assert [one["state"] for one in await deliveries(crm, hook)] == ["delivered"]


async def test_a_receivers_retry_after_holds_back_everything_to_it(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.answers = [(429, {"retry-after": "600"})]
    await receive(crm, "1")
    await told(world)
    await receive(crm, "2")
    await told(world)
    assert names(receiver.posts) == ["1"]
    assert (await read(crm, hook))["paused_until"].startswith("2026-11-20T12:10")
    world.clock.move(seconds=601)
    await post_due(world)
    assert sorted(names(receiver.posts)) == ["1", "1", "2"]


async def test_what_came_later_of_a_complaint_waits_for_what_came_before_and_other_complaints_do_not(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    await register(crm, receiver.url)
    receiver.answers = [(500, {})]
    await receive(crm, "1")
    await told(world)
    await receive(crm, "1", lot="L-7")
    await receive(crm, "2")
    await told(world)
    assert names(receiver.posts) == ["1", "2"]
    world.clock.move(seconds=7)
    await post_due(world)
    assert [post.told["type"] for post in receiver.posts[2:]] == ["complaint.received", "complaint.updated"]


async def test_a_receiver_that_is_gone_disables_its_endpoint_until_it_is_enabled_again(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.answers = [(410, {})]
    await receive(crm, "1")
    await told(world)
    gone = await read(crm, hook)
    assert (gone["enabled"], gone["disabled_reason"]) == (False, "http_410")
    await receive(crm, "while-it-was-off")
    await told(world)
    assert names(receiver.posts) == ["1"]
    enabled = (await change(crm, hook, enabled=True)).json()
    assert (enabled["enabled"], enabled["disabled_reason"], enabled["failures"]) == (True, None, 0)
    await receive(crm, "after")
    await told(world)
    assert names(receiver.posts) == ["1", "after"]


async def test_redelivery_since_sends_what_failed_and_what_was_missed_while_it_was_off(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    await receive(crm, "before")
    receiver.answers = [(204, {}), (410, {})]
    await told(world)
    world.clock.move(hours=1)
    since = world.clock.now.isoformat()
    await receive(crm, "failed")
    await told(world)
    await receive(crm, "missed")
    await receive(world.client("shop"), "of-another")
    await publish(world)
    await change(crm, hook, enabled=True)
    answer = await crm.post(f"/v1/webhooks/{hook['id']}/redeliver", json={"since": since})
    assert (answer.status_code, answer.json()) == (202, {"deliveries": 2})
    await post_due(world)
    assert names(receiver.posts)[:2] == ["before", "failed"]
    assert sorted(names(receiver.posts)[2:]) == ["failed", "missed"]


async def test_an_endpoint_that_has_only_failed_for_days_is_disabled(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.answers = [(500, {}), (200, {}), (500, {}), (500, {})]
    await receive(crm, "1")
    await told(world)
    world.clock.move(hours=119)
    await post_due(world)  # it worked once, so that the days count anew
    await receive(crm, "2")
    await told(world)
    world.clock.move(hours=119)
    await post_due(world)
    assert (await read(crm, hook))["enabled"]
    receiver.answers = [(500, {})]
    world.clock.move(hours=2)
    await post_due(world)
    off = await read(crm, hook)
    assert (off["enabled"], off["disabled_reason"]) == (False, "failing_for_days")


async def test_a_receiver_that_is_down_is_not_hammered(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.answers = [(500, {})] * 20
    for number in range(20):
        await receive(crm, str(number))
    await told(world)
    assert len(receiver.posts) == 4  # as many as are side by side; then everything pauses
    assert (await read(crm, hook))["paused_until"] is not None


async def test_a_slow_receiver_holds_up_no_other(world: World) -> None:
    async with receiving() as slow, receiving() as quick:
        slow.slow = asyncio.Event()
        await register(world.client("crm"), slow.url)
        await register(world.client("shop"), quick.url)
        for number in range(6):
            await receive(world.client("crm"), str(number))
            await receive(world.client("shop"), str(number))
        await publish(world)
        run = world.intake.crm.webhooks()
        stop = asyncio.Event()
        running = asyncio.create_task(run.run(stop, lambda: None))
        await until(lambda: len(quick.posts) == 6, what="the quick one has all")
        assert len(slow.posts) == 4  # no more than are side by side
        slow.slow.set()
        await until(lambda: len(slow.posts) == 6, what="the slow one has all")
        stop.set()
        await running


async def test_after_a_kill_another_process_takes_over_with_the_same_id_and_says_so(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.slow = asyncio.Event()
    await receive(crm, "1")
    await publish(world)
    killed = world.intake.crm.webhooks()
    assert await killed.start_due() == 1
    await until(lambda: len(receiver.posts) == 1, what="the post is under way")
    for task in list(killed._sending):
        task.cancel()  # nothing is recorded, as after a kill
    held, receiver.slow = receiver.slow, None
    held.set()
    assert await post_due(world) == 0  # the lease holds
    world.clock.move(seconds=21)
    assert await post_due(world) == 1
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == 1
    (delivery,) = await deliveries(crm, hook)
    assert (delivery["state"], delivery["maybe_duplicate"], delivery["attempts"]) == ("delivered", True, 2)


async def test_a_process_that_lost_its_lease_changes_nothing_any_more(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.slow = asyncio.Event()
    await receive(crm, "1")
    await publish(world)
    slow = world.intake.crm.webhooks()
    await slow.start_due()
    await until(lambda: len(receiver.posts) == 1, what="the post is under way")
    world.clock.move(seconds=21)
    held, receiver.slow = receiver.slow, None
    assert await post_due(world) == 1
    receiver.answers = [(500, {})]
    held.set()
    await slow.finish()
    assert [one["state"] for one in await deliveries(crm, hook)] == ["delivered"]


async def test_one_delivery_is_sent_again_when_it_is_asked_for(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    await receive(crm, "1")
    await told(world)
    (delivery,) = await deliveries(crm, hook)
    path = f"/v1/webhooks/{hook['id']}/deliveries/{delivery['id']}/redeliver"
    again = await crm.post(path)
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    await post_due(world)
    assert len(receiver.posts) == 2
    assert (await crm.post(path.replace(delivery["id"], str(uuid4())))).status_code == 404


async def test_a_delivery_that_is_being_sent_cannot_be_asked_for(world: World, receiver: Receiver) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    receiver.slow = asyncio.Event()
    await receive(crm, "1")
    await publish(world)
    run = world.intake.crm.webhooks()
    await run.start_due()
    (delivery,) = await deliveries(crm, hook)
    answer = await crm.post(f"/v1/webhooks/{hook['id']}/deliveries/{delivery['id']}/redeliver")
    assert (answer.status_code, code(answer)) == (409, "delivery-under-way")
    receiver.slow.set()
    await run.finish()


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


async def test_complaints_put_on_record_as_past_are_in_the_feed_and_not_posted(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    await register(crm, receiver.url)
    await receive(crm, "past", historical=True)
    await told(world)
    assert receiver.posts == []
    assert len((await crm.get("/v1/changes")).json()["items"]) == 1


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


async def test_without_a_secret_that_can_be_read_the_post_waits_until_it_is_rotated(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    hook = await register(crm, receiver.url)
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE webhook_endpoint SET secret = 'sealed under another pepper'")
    await receive(crm, "1")
    await told(world)
    assert [one["reason"] for one in await deliveries(crm, hook)] == ["secret_unreadable"]
    rotated = await crm.post(f"/v1/webhooks/{hook['id']}/rotate-secret", headers={"If-Match": "*"})
    world.clock.move(minutes=1)
    await post_due(world)
    assert receiver.posts[0].verified(rotated.json()["secret"])
