"""What notifier counts of its deliveries and notices."""

import pytest

from events.worker_metrics import WORKER
from notifier.domain.person import Channel
from notifier.jobs import metrics
from notifier.jobs.reasons import OTHER, REASONS, told
from notifier.jobs.timer_loop import TimerLoop
from notifier.usecases.next_moment import NextMoment
from tests.notifier.world import World, a_deadline


class Counted:
    """How far counters have come since this was made."""

    def __init__(self) -> None:
        self._before = self._all()

    def __call__(self, name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return self._all().get(key, 0) - self._before.get(key, 0)

    def _all(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for metric in WORKER.collect()
            for sample in metric.samples
        }


async def an_overdue_notice(world: World) -> None:
    await world.people()
    await world.hears(a_deadline())
    world.clock.move(hours=1)
    await world.fires()
    world.clock.move(seconds=6)


async def test_a_notice_that_the_recipients_side_refuses_is_told_from_one_that_failed_after_every_try(
    world: World,
) -> None:
    counted = Counted()
    world.mailbox.rcpt_answers["anna@example.org"] = "550 no such user"
    await an_overdue_notice(world)
    await world.sends()
    refused = {
        outcome: counted("notifications_total", kind="breach", channel="email", outcome=outcome)
        for outcome in ("refused", "failed")
    }
    attempts = counted("delivery_attempts_total", channel="email", outcome="gave_up", reason="smtp_5xx")
    assert (refused, attempts) == ({"refused": 1, "failed": 0}, 1)


async def test_a_notice_that_was_tried_as_often_as_it_may_be_has_failed(world: World) -> None:
    counted = Counted()
    world.mailbox.rcpt_answers["anna@example.org"] = "450 greylisted"
    await an_overdue_notice(world)
    for _ in range(8):
        await world.sends()
        world.clock.move(hours=11)
    await world.sends()
    outcomes = {
        outcome: counted("notifications_total", kind="breach", channel="email", outcome=outcome)
        for outcome in ("refused", "failed", "sent")
    }
    tried = counted("delivery_attempts_total", channel="email", outcome="try_later", reason="smtp_4xx")
    assert (outcomes, tried) == ({"refused": 0, "failed": 1, "sent": 1}, 8)


async def test_a_step_that_not_even_the_fallback_person_is_told_of_counts_as_told_to_nobody(
    world: World,
) -> None:
    counted = Counted()
    timers = TimerLoop(
        fire=world.fire,
        next_moment=NextMoment(world.start_work),
        gate=world.sender.gate,
        clock=world.clock,
        wake=world.wakes.timers,
        poll=1.0,
    )
    await world.hears(a_deadline(owner=None))
    world.clock.move(hours=1)
    await timers.turn()
    await world.people()
    await world.hears(a_deadline(owner=None))
    await timers.turn()
    told_to = {who: counted("notifications_unroutable_total", told=who) for who in ("nobody", "fallback")}
    assert told_to == {"nobody": 1, "fallback": 1}


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("http_410", "http_4xx"),
        ("http_503", "http_5xx"),
        ("http_302", "http_3xx"),
        ("http_999", OTHER),
        ("smtp_550", "smtp_5xx"),
        ("smtp_5500", OTHER),
        ("timeout", "timeout"),
        ("something@else", OTHER),
    ],
)
def test_no_receiver_can_make_a_series_of_its_own_by_the_code_that_it_answers(reason: str, name: str) -> None:
    assert (told(reason), told(reason) in REASONS) == (name, True)


def test_every_series_of_notices_and_attempts_stands_at_the_start() -> None:
    absent = [
        (channel, reason)
        for channel in Channel
        for outcome in ("try_later", "gave_up")
        for reason in REASONS
        if WORKER.registry.get_sample_value(
            "delivery_attempts_total", {"channel": channel, "outcome": outcome, "reason": reason}
        )
        is None
    ]
    assert (absent, metrics.ATTEMPTS._labelnames) == ([], ("channel", "outcome", "reason"))
