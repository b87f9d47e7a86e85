"""From a deadline to a mail: what is told, to whom, how often."""

from datetime import timedelta
from typing import Any

import pytest

from common.ids import new_id
from events.contracts.words import Severity
from events.delivery import Claim
from notifier.domain.person import Details
from tests.notifier.smtp import text_of
from tests.notifier.world import NOON, World, a_deadline, met, voided


async def test_the_owner_is_told_at_the_due_moment_and_the_manager_one_working_day_later(
    world: World,
) -> None:
    await world.people()
    await world.hears(a_deadline())
    await world.settles()
    assert world.mailed() == []
    world.clock.move(hours=1)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]
    world.clock.now = NOON.replace(day=17, hour=15)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]
    world.clock.now = NOON.replace(day=17, hour=16)
    await world.settles()
    assert world.mailed() == ["anna@example.org", "mo@example.org"]
    assert await world.told_types() == ["deadline.breached", "notice.sent", "notice.sent"]


async def test_a_mail_names_the_zone_of_its_reader_and_can_be_told_from_its_repetition(world: World) -> None:
    await world.people()
    event = a_deadline(title="Contain: <fees> & more")
    await world.hears(event)
    world.clock.move(hours=1)
    await world.settles()
    (mail,) = world.mailbox.mails
    (delivery,) = await world.rows("SELECT id FROM delivery")
    assert mail["Message-ID"] == f"<{delivery.id}@quality.example>"
    assert mail["References"] == f"<{event.data.subject_id}@quality.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Mon 16 Nov 2026 14:00 CET" in text_of(mail)
    assert "Europe/Berlin" in text_of(mail)
    html = mail.get_body(("html",))
    assert html is not None
    assert "Contain: &lt;fees&gt; &amp; more" in html.get_content()


async def test_a_reminder_whose_moment_had_passed_is_skipped_and_the_next_step_fires(world: World) -> None:
    await world.people()
    await world.hears(a_deadline(ladder="reminding"))
    world.clock.move(hours=1)
    await world.settles()
    assert await world.told_types() == ["deadline.breached", "notice.sent"]
    (past,) = await world.rows("SELECT step FROM timer_ended WHERE ended = 'past'")
    assert past.step == "due-soon"


async def test_a_reminder_comes_with_the_opening_of_the_working_day_before(world: World) -> None:
    await world.people()
    await world.hears(a_deadline(ladder="reminding", due=NOON.replace(day=23)))
    world.clock.now = NOON.replace(day=20, hour=7, minute=59)
    await world.settles()
    assert world.mailed() == []
    world.clock.now = NOON.replace(day=20, hour=8)
    await world.settles()
    assert await world.told_types() == ["deadline.warned", "notice.sent"]


@pytest.mark.parametrize("ending", [lambda event: met(event, NOON), voided])
async def test_what_was_met_or_voided_before_it_is_due_is_silent(world: World, ending: Any) -> None:
    await world.people()
    event = a_deadline()
    await world.hears(event)
    await world.hears(ending(event))
    world.clock.move(days=5)
    await world.settles()
    assert world.mailed() == []
    assert await world.told_types() == []


async def test_what_was_met_between_firing_and_sending_is_not_sent(world: World) -> None:
    await world.people()
    event = a_deadline()
    await world.hears(event)
    world.clock.move(hours=1)
    await world.fires()
    await world.hears(met(event, NOON))
    world.clock.move(seconds=6)
    await world.sends()
    assert world.mailed() == []
    (notice,) = await world.rows("SELECT state, reason FROM notice")
    (delivery,) = await world.rows("SELECT state, reason FROM delivery")
    assert (notice.state, notice.reason) == ("suppressed", "deadline_met")
    assert (delivery.state, delivery.reason) == ("cancelled", "nothing_left")


async def test_after_a_reassignment_the_former_owner_hears_nothing_more(world: World) -> None:
    await world.people()
    subject = new_id()
    await world.hears(a_deadline(subject=subject, owner="anna"))
    world.clock.move(hours=1)
    await world.fires()
    await world.hears(a_deadline(subject=subject, owner="ben", generation=2))
    await world.settles()
    assert world.mailed() == ["ben@example.org"]


async def test_a_new_owner_of_something_overdue_is_told_at_once_and_the_manager_a_working_day_later(
    world: World,
) -> None:
    await world.people()
    await world.hears(a_deadline(owner="ben", due=NOON - timedelta(days=30), generation=4))
    await world.settles()
    assert world.mailed() == ["ben@example.org"]
    world.clock.now = NOON.replace(day=17, hour=16)
    await world.settles()
    assert world.mailed() == ["ben@example.org", "mo@example.org"]


async def test_a_moved_date_fires_at_the_new_date_only(world: World) -> None:
    await world.people()
    subject = new_id()
    await world.hears(a_deadline(subject=subject))
    await world.hears(a_deadline(subject=subject, due=NOON + timedelta(hours=3), generation=2))
    world.clock.move(hours=2)
    await world.settles()
    assert world.mailed() == []
    world.clock.move(hours=1)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]


async def test_an_older_generation_changes_nothing(world: World) -> None:
    await world.people()
    subject = new_id()
    current = a_deadline(subject=subject, owner="ben", generation=2)
    await world.hears(current)
    await world.hears(a_deadline(subject=subject, owner="anna", generation=1))
    await world.hears(met(current, NOON, generation=1))
    world.clock.move(hours=1)
    await world.settles()
    assert world.mailed() == ["ben@example.org"]


async def test_a_replay_from_the_start_sends_nothing_again(world: World) -> None:
    await world.people()
    event = a_deadline()
    await world.hears(event)
    world.clock.move(hours=1)
    await world.settles()
    assert await world.hears(event) is Claim.SEEN
    await world.hears(event.model_copy(update={"id": new_id()}))
    world.clock.move(minutes=30)
    await world.settles()
    assert world.mailed() == ["anna@example.org"]


async def test_after_downtime_only_the_newest_missed_step_fires_and_the_breach(world: World) -> None:
    await world.people()
    await world.hears(a_deadline(ladder="reminding", due=NOON.replace(day=18)))
    world.clock.now = NOON.replace(day=27)
    fired = await world.fires()
    ended = await world.rows("SELECT step, ended FROM timer_ended ORDER BY due_at")
    assert [(row.step, row.ended) for row in ended] == [
        ("due-soon", "catchup"),
        ("overdue", "fired"),
        ("overdue-manager", "catchup"),
        ("overdue-top", "fired"),
    ]
    assert fired.notices == 2
    assert await world.told_types() == ["deadline.breached"]


async def test_a_thousand_deadlines_breaching_at_once_are_one_mail(world: World) -> None:
    await world.people()
    for _ in range(1_000):
        await world.hears(a_deadline())
    world.clock.move(hours=1)
    await world.settles()
    (mail,) = world.mailbox.mails
    assert "1000 deadlines" in mail["Subject"]
    assert text_of(mail).count("* Overdue") == 50
    assert "... and 950 more." in text_of(mail)
    assert (await world.told_types()).count("notice.sent") == 1_000


async def test_a_second_message_waits_for_the_end_of_the_window(world: World) -> None:
    await world.people()
    await world.hears(a_deadline())
    world.clock.move(hours=1)
    await world.settles()
    await world.hears(a_deadline(due=NOON))
    await world.settles()
    world.clock.move(minutes=14)
    await world.sends()
    assert len(world.mailbox.mails) == 1
    world.clock.move(minutes=1)
    await world.sends()
    assert len(world.mailbox.mails) == 2


async def test_a_critical_notice_waits_for_no_window(world: World) -> None:
    await world.people()
    await world.hears(a_deadline())
    world.clock.move(hours=1)
    await world.settles()
    await world.hears(a_deadline(due=NOON, severity=Severity.CRITICAL))
    await world.settles()
    assert len(world.mailbox.mails) == 2


@pytest.mark.parametrize(
    ("owner", "reason"),
    [
        (None, "no_owner"),
        ("stranger", "unknown_person"),
        ("gone", "inactive"),
        ("mute", "no_channel"),
    ],
)
async def test_what_cannot_reach_its_owner_is_a_fact_and_reaches_the_fallback_person(
    world: World, owner: str | None, reason: str
) -> None:
    await world.people()
    await world.people(
        Details(id="gone", name="Gone", email="gone@example.org", active=False),
        Details(id="mute", name="Mute"),
    )
    await world.hears(a_deadline(owner=owner))
    world.clock.move(hours=1)
    await world.settles()
    assert world.mailed() == ["hedda@example.org"]
    assert "You are told because" in text_of(world.mailbox.mails[0])
    unroutable = next(event for event in await world.told() if "unroutable" in event.type)
    data = unroutable.data.model_dump(mode="json")
    assert (data["reason"], data["fallback"]) == (reason, "head.of.quality")


async def test_where_even_the_fallback_person_is_unknown_the_fact_is_still_announced(world: World) -> None:
    await world.hears(a_deadline(owner=None))
    world.clock.move(hours=1)
    fired = await world.fires()
    assert (fired.notices, fired.unroutable, fired.unheard) == (0, 1, 1)
    assert await world.told_types() == ["deadline.breached", "notice.unroutable"]


async def test_no_address_travels_in_an_event(world: World) -> None:
    await world.people()
    await world.hears(a_deadline())
    world.clock.move(hours=1)
    await world.settles()
    bodies = [bytes(row.headers) + bytes(row.value) for row in await world.rows("SELECT * FROM outbox")]
    assert bodies
    assert not [body for body in bodies if b"@" in body or b"Anna" in body]


async def test_versions_of_one_subject_rise_with_each_event(world: World) -> None:
    await world.people()
    await world.hears(a_deadline(owner=None))
    world.clock.move(hours=1)
    await world.settles()
    versions = [event.version for event in await world.told()]
    assert versions == sorted(set(versions))
    assert len(versions) == 3
