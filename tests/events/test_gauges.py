"""The gauges of what waits, kept apart from any scrape."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import utc_now
from events.catalogue import dead_letter_topic
from events.codec import encode
from events.postgres import metrics, outbox, parking
from events.postgres.gauges import Gauges
from events.transport import Positions, Received
from events.worker_metrics import WORKER
from tests.support.events import NOON, a_complaint_received, engine_of
from tests.support.transports import FlakyTransport
from tests.support.waiting import until

TOPIC = "redress.intake"


def value(name: str, **labels: str) -> float | None:
    return WORKER.registry.get_sample_value(name, labels)


def lag(group: str = "capa") -> float:
    """Of all partitions together."""
    return sum(
        value("consumer_lag_messages", topic=TOPIC, partition=str(partition), group=group) or 0
        for partition in range(16)
    )


def gauges(engine: AsyncEngine, transport: FlakyTransport, now: datetime = NOON, **options: Any) -> Gauges:
    return Gauges(engine, transport, lambda: now, topics=[TOPIC], group="capa", **options)


async def announce(engine: AsyncEngine, *keys: str) -> None:
    async with engine.begin() as connection:
        await outbox.append(connection, TOPIC, [a_complaint_received(key) for key in keys], now=NOON)


async def test_what_waits_in_the_outbox_is_counted_with_the_age_of_the_oldest(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    later = NOON + timedelta(seconds=90)

    async def counted() -> tuple[float | None, float | None]:
        await gauges(engine, transport, later).look_at_outbox()
        return value("outbox_pending_messages"), value("outbox_oldest_pending_age_seconds")

    empty = await counted()
    await announce(engine, "a", "b")
    assert [empty, await counted()] == [(0, 0), (2, 90)]


async def test_what_a_group_has_not_finished_is_its_lag(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    publisher = await transport.open_publisher()
    await publisher.publish([encode(a_complaint_received(f"k-{number}"), TOPIC) for number in range(20)])
    await gauges(engine, transport).look_at_lag()
    unread = lag()
    stop, seen = asyncio.Event(), 0

    async def read(batch: Sequence[Received]) -> int:
        nonlocal seen
        seen += len(batch)
        return len(batch)

    reading = asyncio.create_task(transport.subscribe([TOPIC], "capa").run(read, stop))
    await until(lambda: seen == 20)
    stop.set()
    await asyncio.wait_for(reading, 20)
    await gauges(engine, transport).look_at_lag()
    assert (unread, lag()) == (20, 0)


async def test_a_database_that_does_not_answer_in_time_leaves_the_numbers_as_they_were(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    await announce(engine, "a")
    await gauges(engine, transport).look_at_outbox()
    await announce(engine, "b")
    async with engine.begin() as other:
        await other.execute(sa.text("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE"))
        await gauges(engine, transport, within=0.1).look_at_outbox()
        during = value("outbox_pending_messages")
    await gauges(engine, transport).look_at_outbox()
    assert (during, value("outbox_pending_messages")) == (1, 2)


async def test_what_is_set_aside_is_counted_by_state_with_the_age_of_the_oldest(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    looking = gauges(engine, transport, NOON + timedelta(minutes=2))

    async def counted() -> dict[str, tuple[float | None, float | None]]:
        await looking.look_at_parked()
        return {
            state: (
                value("consumer_parked_messages", state=state),
                value("consumer_oldest_parked_age_seconds", state=state),
            )
            for state in ("parked", "dead")
        }

    empty = await counted()
    for key in ("a", "b"):
        await set_aside(engine, key, dead=key == "b")
    assert (empty, await counted()) == (
        {"parked": (0, 0), "dead": (0, 0)},
        {"parked": (1, 120), "dead": (1, 120)},
    )


async def set_aside(engine: AsyncEngine, key: str, *, dead: bool) -> None:
    event = a_complaint_received(key)
    received = Received(encode(event, TOPIC), 0, 1, NOON)
    identity = parking.Identity(event.source, str(event.id), key)
    async with engine.begin() as connection:
        parked = await parking.park(
            connection,
            "capa",
            received,
            identity,
            reason="failing",
            detail="",
            attempts=1,
            next_attempt_at=NOON,
            now=NOON,
        )
        assert parked is not None
        if dead:
            await parking.bury(connection, parked, reason="attempts_used_up", detail="", now=NOON)


async def test_the_oldest_open_transaction_is_told_and_is_never_the_one_that_asks(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    looking = Gauges(
        engine, transport, lambda: utc_now() + timedelta(seconds=100), topics=[TOPIC], group="capa"
    )
    await looking.look_at_transactions()
    nobody = value("database_oldest_transaction_age_seconds")
    async with engine.begin() as other:
        await other.execute(sa.text("SELECT 1"))
        await looking.look_at_transactions()
        held = value("database_oldest_transaction_age_seconds")
    assert nobody == 0
    assert held is not None
    assert 99 < held < 160


async def test_how_far_a_group_has_come_is_told_partition_by_partition(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    await gauges(engine, transport).look_at_lag()
    places = {
        (sample.labels["topic"], sample.labels["group"])
        for metric in WORKER.collect()
        if metric.name == "consumer_committed_position"
        for sample in metric.samples
    }
    assert (TOPIC, "capa") in places


async def test_gauges_that_could_not_be_kept_show_since_when(transport: FlakyTransport) -> None:
    nowhere = engine_of("postgresql://redress@127.0.0.1:1/none")
    metrics.GAUGES_KEPT.labels("outbox").set(0)
    await gauges(nowhere, transport).look_at_outbox()
    away = value("gauges_last_success_timestamp_seconds", about="outbox")
    await nowhere.dispose()
    assert away == 0


def test_no_handler_can_make_a_series_by_a_reason_of_its_own() -> None:
    labels = {"topic": TOPIC, "reason": metrics.OTHER}
    before = value("consumer_dead_letters_total", **labels) or 0
    metrics.count_dead_letter(TOPIC, "a reason that nobody listed")
    assert (value("consumer_dead_letters_total", **labels) or 0) - before == 1


def test_a_process_without_a_worker_shows_no_gauge_that_nobody_keeps() -> None:
    alone = CollectorRegistry(auto_describe=True)
    before = alone.get_sample_value("outbox_pending_messages")
    WORKER.export(alone)
    WORKER.export(alone)
    assert (before, alone.get_sample_value("outbox_pending_messages") is None) == (None, False)


async def test_an_absent_database_is_survived_too(transport: FlakyTransport) -> None:
    nowhere = engine_of("postgresql://redress@127.0.0.1:1/none")
    stop, beats = asyncio.Event(), 0

    def beat() -> None:
        nonlocal beats
        beats += 1
        if beats > 2:
            stop.set()

    await asyncio.wait_for(gauges(nowhere, transport, every=0.01).run(stop, beat), 30)
    assert beats > 2


async def test_whether_the_transport_answers_is_passed_on(
    engine: AsyncEngine, transport: FlakyTransport
) -> None:
    class Silent(FlakyTransport):
        async def ends(self, _: object) -> Positions:
            await asyncio.Event().wait()
            return {}

    answers: list[bool] = []
    for asked in (transport, Silent(transport)):
        looking = Gauges(
            engine, asked, utc_now, topics=[TOPIC], group="capa", within=0.5, reached=answers.append
        )
        await looking.look_at_lag()
    assert answers == [True, False]


def test_every_series_of_a_service_stands_at_the_start() -> None:
    metrics.prepare("notifier")
    absent = [
        (name, labels)
        for name, labels in (
            *(
                ("outbox_published_total", {"topic": topic, "outcome": outcome})
                for topic in ("redress.notifier", dead_letter_topic(TOPIC, "notifier"))
                for outcome in ("published", "set_aside", "refused")
            ),
            *(
                ("messaging_client_consumed_messages_total", {"topic": TOPIC, "outcome": outcome})
                for outcome in metrics.OUTCOMES
            ),
            ("outbox_pending_messages", {}),
            ("outbox_oldest_pending_age_seconds", {}),
            ("outbox_publish_duration_seconds_count", {}),
            ("outbox_publish_failures_total", {"reason": "transport_away"}),
            ("outbox_held", {}),
            ("consumer_parked_messages", {"state": "parked"}),
            ("consumer_parked_messages", {"state": "dead"}),
            *(
                ("consumer_dead_letters_total", {"topic": TOPIC, "reason": reason})
                for reason in metrics.DEAD_REASONS
            ),
            ("consumer_event_age_seconds_count", {"topic": TOPIC}),
            ("messaging_process_duration_seconds_count", {"topic": TOPIC, "outcome": "handled"}),
            ("consumer_oldest_parked_age_seconds", {"state": "dead"}),
            ("database_oldest_transaction_age_seconds", {}),
            ("outbox_set_aside_messages", {}),
            *(("gauges_last_success_timestamp_seconds", {"about": about}) for about in metrics.ABOUT),
            ("consumer_rebalances_total", {"group": "notifier"}),
            ("consumer_last_poll_timestamp_seconds", {"group": "notifier"}),
        )
        if value(name, **labels) is None
    ]
    assert absent == []
