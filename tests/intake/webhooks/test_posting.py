"""Webhooks: signed, in order, repeated until taken, and each source's own."""

import asyncio
from argparse import Namespace

import pytest
from pydantic import SecretStr

from chassis.webhooks.sealing import Sealer, Unreadable
from intake.__main__ import _seal_secrets
from tests.intake.capa_events import triage
from tests.intake.crm import post_due, publish, receive, register, told
from tests.intake.webhooks.endpoints import deliveries, names, read
from tests.intake.world import PEPPER, World
from tests.notifier.receiver import Receiver, receiving
from tests.support.waiting import until


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


async def test_the_webhook_key_is_replaced_by_naming_both_and_sealing_all_anew(
    world: World, receiver: Receiver
) -> None:
    hook = await register(world.client("crm"), receiver.url)
    key = SecretStr("a new key of tests, long enough to be one")
    both = {"webhook_key": key, "webhook_key_former": SecretStr(PEPPER), "pepper": SecretStr("")}
    assert await _seal_secrets(world.intake.settings.model_copy(update=both), Namespace()) == 0
    kept = (await world.rows("SELECT secret FROM webhook_endpoint"))[0].secret
    place = f"webhook_endpoint/{hook['id']}"
    assert Sealer(key, purpose="webhook-secrets").open(kept, place=place) == hook["secret"]


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


async def test_complaints_put_on_record_as_past_are_in_the_feed_and_not_posted(
    world: World, receiver: Receiver
) -> None:
    crm = world.client("crm")
    await register(crm, receiver.url)
    await receive(crm, "past", historical=True)
    await told(world)
    assert receiver.posts == []
    assert len((await crm.get("/v1/changes")).json()["items"]) == 1


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
