import logging
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.correlation import current
from chassis.tracing import Correlating
from common.clock import utc_now
from common.tracing import Tracer
from events.codec import encode
from events.contracts.intake import ComplaintReceivedV1
from events.delivery import Claim, Delivered, Delivery, GroupHandler
from events.failures import NeverWillWork, TransportAway
from events.postgres import inbox, outbox, parking
from events.postgres.consumer import Consumer, ConsumerSettings
from events.postgres.relay import Relay
from events.transport import Received
from tests.support.events import NOON, a_complaint_received
from tests.support.events import Received as ReceivedEvent
from tests.support.tracing import (
    PARENT,
    SPAN,
    TRACE,
    UNSAMPLED,
    Recorded,
    failed,
    parent_id,
    recording,
    said,
    span_id,
    trace_id,
)
from tests.support.transports import FlakyTransport

TOPIC = "redress.intake"
OTHER = "1af7651916cd43dd8448eb211c80319c"
OTHER_PARENT = f"00-{OTHER}-c7ad6b7169203331-01"
AT_ONCE = ConsumerSettings(retry_for=0.0, attempts=1, parked_first_delay=0.0)


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as recorded:
        yield recorded


class Listener:
    """A handler that keeps what it was given, and what its log lines would say meanwhile."""

    def __init__(self, engine: AsyncEngine, tracer: Tracer) -> None:
        self.engine = engine
        self.tracer = tracer
        self.events: list[ReceivedEvent] = []
        self.places: list[tuple[str, str, UUID]] = []
        self.failure: Exception | None = None

    async def handle(self, event: ReceivedEvent, delivery: Delivery) -> None:
        async with self.engine.begin() as connection:
            await inbox.claim(connection, delivery, now=NOON)
            self._note(event)

    async def handle_together(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        async with self.engine.begin() as connection:
            claims = await inbox.claim_all(connection, [each.delivery for each in delivered], now=NOON)
            for each in delivered:
                self._note(each.event)
        return claims

    def _note(self, event: ReceivedEvent) -> None:
        here = current()
        if here is not None:
            self.places.append((here.trace_id, here.span_id, here.correlation_id))
        self.events.append(event)
        if self.failure is not None:
            raise self.failure

    async def reads(self, *events: ReceivedEvent, together: bool = False) -> None:
        await self.consumer(together=together).handle(
            [Received(encode(event, TOPIC), 3, 40 + nth, NOON) for nth, event in enumerate(events)]
        )

    def consumer(self, *, together: bool = False) -> Consumer:
        handler = GroupHandler(self.handle_together) if together else self.handle
        return Consumer(
            self.engine, "capa", {ComplaintReceivedV1: handler}, utc_now, AT_ONCE, tracer=self.tracer
        )


@pytest.fixture
async def listener(engine: AsyncEngine, recorded: Recorded) -> Listener:
    return Listener(engine, recorded.tracer)


async def test_handling_an_event_continues_the_trace_that_it_was_written_in(
    listener: Listener, recorded: Recorded
) -> None:
    event = a_complaint_received(traceparent=PARENT, tracestate="crm=1", sequence=1)
    await listener.reads(event)
    (span,) = recorded.spans
    assert (span.name, trace_id(span), parent_id(span)) == ("process redress.intake", TRACE, SPAN)
    assert said(span) == {
        "cloudevents.event_type": "redress.complaint.received.v1",
        "messaging.consumer.group.name": "capa",
        "messaging.destination.name": TOPIC,
        "messaging.destination.partition.id": "3",
        "messaging.kafka.message.key": event.key,
        "messaging.kafka.offset": 40,
        "messaging.message.id": str(event.id),
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.system": "kafka",
        "redress.correlation_id": str(event.correlation_id),
        "redress.outcome": "handled",
    }


async def test_a_handler_is_given_its_own_span_to_go_on_from(listener: Listener, recorded: Recorded) -> None:
    await listener.reads(a_complaint_received(traceparent=PARENT, tracestate="crm=1"))
    (span,), (event,) = recorded.spans, listener.events
    assert event.traceparent == f"00-{TRACE}-{span_id(span)}-01"
    assert event.tracestate == "crm=1"
    assert listener.places == [(TRACE, span_id(span), event.correlation_id)]


async def test_events_handled_together_each_go_on_in_their_own_trace_and_share_one_span(
    listener: Listener, recorded: Recorded
) -> None:
    await listener.reads(
        a_complaint_received("a", traceparent=PARENT),
        a_complaint_received("b", traceparent=OTHER_PARENT),
        together=True,
    )
    first, second = recorded.named("process redress.intake")
    shared = recorded.one("process redress.intake together")
    assert [trace_id(first), trace_id(second)] == [TRACE, OTHER]
    assert [event.traceparent for event in listener.events] == [
        f"00-{TRACE}-{span_id(first)}-01",
        f"00-{OTHER}-{span_id(second)}-01",
    ]
    assert {f"{link.context.span_id:016x}" for link in shared.links} == {span_id(first), span_id(second)}
    assert {place[:2] for place in listener.places} == {(trace_id(shared), span_id(shared))}
    assert trace_id(shared) not in {TRACE, OTHER}
    assert said(first)["messaging.batch.message_count"] == 2


async def test_an_event_without_a_trace_begins_one(listener: Listener, recorded: Recorded) -> None:
    await listener.reads(a_complaint_received())
    (span,), (event,) = recorded.spans, listener.events
    assert parent_id(span) is None
    assert event.traceparent is not None
    assert event.traceparent.startswith(f"00-{trace_id(span)}-{span_id(span)}-")


async def test_an_event_that_is_not_recorded_stays_so_and_goes_on(
    listener: Listener, recorded: Recorded
) -> None:
    await listener.reads(a_complaint_received(traceparent=UNSAMPLED))
    (event,) = listener.events
    assert event.traceparent is not None
    assert (event.traceparent[3:35], event.traceparent[-2:], recorded.names) == (TRACE, "00", [])


async def test_a_dead_letter_fails_its_span(listener: Listener, recorded: Recorded) -> None:
    listener.failure = NeverWillWork("no_way", "ada cannot be helped")
    await listener.reads(a_complaint_received(traceparent=PARENT))
    (span,) = recorded.spans
    assert (failed(span), said(span)["redress.outcome"]) == (True, "dead")
    assert "ada" not in span.to_json()


async def test_a_parked_event_goes_on_in_its_trace_when_it_is_tried_again(
    listener: Listener, recorded: Recorded
) -> None:
    listener.failure = RuntimeError("not now")
    await listener.reads(a_complaint_received(traceparent=PARENT))
    listener.failure = None
    assert await listener.consumer().drain_one()
    parked, drained = recorded.spans
    assert (said(parked)["redress.outcome"], failed(parked)) == ("parked", True)
    assert (trace_id(drained), parent_id(drained), failed(drained)) == (TRACE, SPAN, False)
    async with listener.engine.connect() as connection:
        assert list(await parking.listed(connection, "capa")) == []


async def test_where_a_group_fails_each_event_has_a_span_of_its_own_try(
    listener: Listener, recorded: Recorded
) -> None:
    listener.failure = NeverWillWork("no_way", "")
    await listener.reads(
        a_complaint_received("a", traceparent=PARENT),
        a_complaint_received("b", traceparent=OTHER_PARENT),
        together=True,
    )
    tries = recorded.named("process redress.intake")
    assert [trace_id(span) for span in tries] == [TRACE, OTHER, TRACE, OTHER]
    assert all(failed(span) for span in tries)


async def test_what_a_consumer_says_of_a_failing_event_names_its_story_also_while_tracing_is_off(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener(engine, Correlating())
    listener.failure = RuntimeError("not now")
    said_of: list[tuple[str, UUID]] = []

    def look(_: logging.LogRecord) -> bool:
        here = current()
        if here is not None:
            said_of.append((here.trace_id, here.correlation_id))
        return True

    caplog.handler.addFilter(look)
    event = a_complaint_received(traceparent=PARENT)
    await listener.reads(event)
    caplog.handler.removeFilter(look)
    assert said_of
    assert set(said_of) == {(TRACE, event.correlation_id)}
    assert listener.events[0].traceparent == PARENT


@pytest.fixture
async def relay(engine: AsyncEngine, transport: FlakyTransport, recorded: Recorded) -> Relay:
    async with engine.begin() as connection:
        events = [
            a_complaint_received("a", traceparent=PARENT, tracestate="crm=1"),
            a_complaint_received("b", traceparent=OTHER_PARENT),
            a_complaint_received("c"),
        ]
        await outbox.append(connection, TOPIC, events, now=NOON)
    return Relay(engine, transport, utc_now, tracer=recorded.tracer, system="redress_log")


async def test_the_relay_copies_a_trace_unchanged_and_links_its_own_span(
    relay: Relay, transport: FlakyTransport, recorded: Recorded
) -> None:
    await relay.step()
    headers = [dict(record.headers) for record in transport.published]
    traces = [(each.get("traceparent"), each.get("tracestate")) for each in headers]
    assert traces == [(PARENT.encode(), b"crm=1"), (OTHER_PARENT.encode(), None), (None, None)]
    span = recorded.one("send redress.intake")
    assert {f"{link.context.trace_id:032x}" for link in span.links} == {TRACE, OTHER}
    assert parent_id(span) is None
    assert trace_id(span) not in {TRACE, OTHER}
    assert said(span) == {
        "messaging.batch.message_count": 3,
        "messaging.destination.name": TOPIC,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.system": "redress_log",
    }


async def test_a_publication_that_fails_fails_the_relays_span(
    relay: Relay, transport: FlakyTransport, recorded: Recorded
) -> None:
    transport.fail_before = 1
    with pytest.raises(TransportAway):
        await relay.step()
    assert [failed(span) for span in recorded.named("send redress.intake")] == [True]
