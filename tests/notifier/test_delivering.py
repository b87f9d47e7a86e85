"""From a planned delivery to its end: retries, crashes, giving up, webhooks."""

from datetime import timedelta
from typing import Any

import orjson

from notifier.domain.outcomes import Sent
from notifier.domain.person import Details
from tests.notifier.receiver import Receiver
from tests.notifier.world import NOON, World, a_deadline


async def an_overdue_notice(world: World, owner: str = "anna") -> None:
    """One deadline breached, its settle time over."""
    await world.hears(a_deadline(owner=owner))
    world.clock.move(hours=1)
    await world.fires()
    world.clock.move(seconds=6)


async def test_a_message_that_was_not_taken_is_tried_on_the_schedule(world: World) -> None:
    await world.people()
    world.mailbox.data_answers = ["451 try later"] * 2
    await an_overdue_notice(world)
    await world.sends()
    world.clock.move(seconds=4)
    await world.sends()
    (waiting,) = await world.rows("SELECT state, reason, attempts FROM delivery")
    assert (waiting.state, waiting.reason, waiting.attempts) == ("failed", "smtp_451", 1)
    world.clock.move(seconds=1)
    await world.sends()
    world.clock.move(minutes=1)
    await world.sends()
    assert world.mailed() == ["anna@example.org"]
    attempts = await world.rows("SELECT outcome FROM delivery_attempt ORDER BY number")
    assert [row.outcome for row in attempts] == ["try_later", "try_later", "sent"]


async def test_after_the_last_try_the_manager_is_told_and_the_failure_announced(world: World) -> None:
    await world.people()
    world.mailbox.rcpt_answers["anna@example.org"] = "450 greylisted"
    await an_overdue_notice(world)
    for _ in range(8):
        await world.sends()
        world.clock.move(hours=11)
    await world.sends()
    assert world.mailed() == ["mo@example.org"]
    failed = next(event for event in await world.told() if event.type == "redress.notice.failed.v1")
    data = failed.data.model_dump(mode="json")
    assert (data["reason"], data["attempts"], data["recipient"]) == ("smtp_450", 8, "anna")


async def test_a_refused_address_is_given_up_at_once(world: World) -> None:
    await world.people()
    world.mailbox.rcpt_answers["anna@example.org"] = "550 no such user"
    await an_overdue_notice(world)
    await world.sends()
    (delivery, *_) = await world.rows("SELECT state, reason, attempts FROM delivery ORDER BY id")
    assert (delivery.state, delivery.reason, delivery.attempts) == ("gave_up", "smtp_550", 1)


async def test_a_mail_server_that_is_away_is_tried_again(world: World) -> None:
    await world.people()
    world.mailbox.data_answers = ["421 going down"]
    await an_overdue_notice(world)
    await world.sends()
    (delivery,) = await world.rows("SELECT state FROM delivery")
    assert delivery.state == "failed"


async def test_a_crash_between_sending_and_recording_repeats_once_with_the_same_id_and_says_so(
    world: World,
) -> None:
    await world.people()
    await an_overdue_notice(world)
    batch = await world.prepare(1)
    message = batch.prepared[0].message
    assert message is not None
    assert await world.sender.channels[message.channel].send(message) == Sent()
    # The process dies here: nothing is recorded, and the lease runs out.
    world.clock.move(minutes=30)
    await world.sends()
    world.clock.move(hours=1)
    await world.sends()
    first, second = world.mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    (delivery,) = await world.rows("SELECT state, maybe_duplicate FROM delivery")
    assert (delivery.state, delivery.maybe_duplicate) == ("sent", True)
    sent = (await world.told())[-1].data.model_dump()
    assert sent["maybe_duplicate"] is True
    attempts = await world.rows("SELECT outcome FROM delivery_attempt ORDER BY number")
    assert [row.outcome for row in attempts] == ["unknown", "sent"]


async def test_a_process_that_comes_back_after_its_lease_changes_nothing(world: World) -> None:
    await world.people()
    await an_overdue_notice(world)
    late = (await world.prepare(1)).prepared[0]
    world.clock.move(minutes=30)
    await world.sends()
    recorded = await world.record(late, Sent())
    assert recorded.result == "lost"
    assert (await world.told_types()).count("notice.sent") == 1


async def test_two_senders_share_out_deliveries_and_send_none_twice(world: World) -> None:
    await world.people()
    await world.hears(a_deadline(owner="anna"))
    await world.hears(a_deadline(owner="ben"))
    world.clock.move(hours=1)
    await world.fires()
    world.clock.move(seconds=6)
    one, other = await world.prepare(1), await world.prepare(8)
    recipients = [each.delivery.recipient for each in (*one.prepared, *other.prepared)]
    assert sorted(recipients) == ["anna", "ben"]


async def a_webhook_owner(world: World, receiver: Receiver, url: str = "") -> str:
    """Somebody who is reached by webhook alone; gives the secret."""
    await world.people()
    secrets = await world.people(
        Details(id="hook", name="Hook", webhook_url=url or receiver.url, manager="mo")
    )
    secret = secrets["hook"]
    assert secret is not None
    return secret


async def test_a_webhook_is_signed_as_the_standard_says(world: World, receiver: Receiver) -> None:
    secret = await a_webhook_owner(world, receiver)
    await an_overdue_notice(world, "hook")
    await world.sends()
    (post,) = receiver.posts
    assert post.verified(secret)
    body = orjson.loads(post.body)
    (delivery,) = await world.rows("SELECT id FROM delivery")
    assert post.headers["webhook-id"] == str(delivery.id)
    assert post.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert (body["type"], body["data"]["total"], body["data"]["notices"][0]["step"]) == (
        "redress.notice.v1",
        1,
        "overdue",
    )


async def test_while_a_secret_rotates_both_sign_and_after_a_day_only_the_new_one(
    world: World, receiver: Receiver
) -> None:
    former = await a_webhook_owner(world, receiver)
    answer = await world.client().post("/v1/people/hook/rotate-webhook-secret", headers={"If-Match": '"v1"'})
    fresh = answer.json()["webhook_secret"]
    await an_overdue_notice(world, "hook")
    await world.sends()
    world.clock.move(days=1)
    await world.hears(a_deadline(owner="hook", due=NOON))
    await world.settles()
    first, second = receiver.posts
    assert (first.verified(former), first.verified(fresh)) == (True, True)
    assert (second.verified(former), second.verified(fresh)) == (False, True)


async def test_a_receiver_that_asks_for_time_gets_it_with_the_same_id(
    world: World, receiver: Receiver
) -> None:
    await a_webhook_owner(world, receiver)
    receiver.answers = [(429, {"retry-after": "120"})]
    await an_overdue_notice(world, "hook")
    await world.sends()
    world.clock.move(seconds=119)
    await world.sends()
    assert len(receiver.posts) == 1
    world.clock.move(seconds=1)
    await world.sends()
    assert [post.headers["webhook-id"] for post in receiver.posts] == [
        receiver.posts[0].headers["webhook-id"]
    ] * 2


async def test_a_receiver_that_is_gone_is_switched_off_and_the_manager_told(
    world: World, receiver: Receiver
) -> None:
    await a_webhook_owner(world, receiver)
    receiver.answers = [(410, {})]
    await an_overdue_notice(world, "hook")
    await world.sends()
    world.clock.move(seconds=6)
    await world.sends()
    person = (await world.client().get("/v1/people/hook")).json()
    assert person["webhook"]["disabled_reason"] == "http_410"
    assert person["channels"] == []
    assert world.mailed() == ["mo@example.org"]


async def test_a_redirect_is_not_followed_and_is_final(world: World, receiver: Receiver) -> None:
    await a_webhook_owner(world, receiver)
    receiver.answers = [(302, {"location": receiver.url})]
    await an_overdue_notice(world, "hook")
    await world.sends()
    assert len(receiver.posts) == 1
    (delivery, *_) = await world.rows("SELECT state, reason FROM delivery ORDER BY id")
    assert (delivery.state, delivery.reason) == ("gave_up", "http_302")


async def test_a_delivery_is_sent_once_more_on_request_with_the_same_id_and_says_so(
    world: World, receiver: Receiver
) -> None:
    await a_webhook_owner(world, receiver)
    await an_overdue_notice(world, "hook")
    await world.sends()
    (delivery,) = await world.rows("SELECT id FROM delivery")
    answer = await world.client().post(f"/v1/deliveries/{delivery.id}/redeliver")
    assert (answer.status_code, answer.json()["maybe_duplicate"]) == (202, True)
    await world.sends()
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == 1
    assert len(receiver.posts) == 2


async def test_a_redelivery_of_a_version_that_somebody_has_sent_since_is_refused(
    world: World, receiver: Receiver
) -> None:
    await a_webhook_owner(world, receiver)
    await an_overdue_notice(world, "hook")
    await world.sends()
    (delivery,) = await world.rows("SELECT id FROM delivery")
    client, path = world.client(), f"/v1/deliveries/{delivery.id}"
    read = (await client.get(path)).headers["etag"]
    unchanged = await client.get(path, headers={"If-None-Match": read})
    first = await client.post(f"{path}/redeliver", headers={"If-Match": read})
    await world.sends()
    second = await client.post(f"{path}/redeliver", headers={"If-Match": read})
    assert [answer.status_code for answer in (unchanged, first, second)] == [304, 202, 412]
    now = await client.get(path)
    assert second.headers["etag"] == now.headers["etag"] == f'"v{now.json()["version"]}"'
    assert len(receiver.posts) == 2


async def test_what_is_unfinished_or_no_longer_open_is_not_redelivered(
    world: World, receiver: Receiver
) -> None:
    from tests.notifier.world import met

    await a_webhook_owner(world, receiver)
    event: Any = a_deadline(owner="hook")
    await world.hears(event)
    world.clock.move(hours=1)
    await world.fires()
    (delivery,) = await world.rows("SELECT id FROM delivery")
    path = f"/v1/deliveries/{delivery.id}/redeliver"
    unfinished = await world.client().post(path)
    world.clock.move(seconds=6)
    await world.sends()
    await world.hears(met(event, NOON + timedelta(hours=2)))
    nothing = await world.client().post(path)
    codes = [answer.json()["type"].rpartition("/")[2] for answer in (unfinished, nothing)]
    assert codes == ["delivery-unfinished", "nothing-to-redeliver"]
