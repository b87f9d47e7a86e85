"""The gauges of what waits, kept apart from any scrape."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import utc_now
from events.catalogue import dead_letter_topic
from events.codec import encode
from events.postgres import metrics, outbox
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
