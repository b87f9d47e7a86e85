"""What a receiver did not take is posted again, and nobody is hammered."""

import asyncio
from uuid import uuid4

from tests.intake.crm import post_due, publish, receive, register, told
from tests.intake.webhooks.endpoints import change, code, deliveries, names, read
from tests.intake.world import World
from tests.notifier.receiver import Receiver
from tests.support.waiting import until


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
