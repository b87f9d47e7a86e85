"""What spans say of delivery, after OpenTelemetry's conventions for messaging.

Handling an event continues the trace that it was written in, so that one trace runs through all services. Carrying a
batch belongs to no single trace: the relay's span has a trace of its own and is linked with those of its records.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from common.tracing import Attributes, Span, Story, Tracer, context_of, traced
from events.codec import trace_of
from events.postgres.hearing import Wanted
from events.transport import Record

EMBEDDED = "redress_log"
"""The embedded log among messaging systems."""


@contextmanager
def processing(
    tracer: Tracer, system: str, group: str, events: Sequence[Wanted]
) -> Iterator[tuple[Sequence[Wanted], Sequence[Span]]]:
    """Handle events in the block, each in its own trace; gives them as events from which that trace goes on."""
    topic = events[0].received.record.topic
    stories = [
        Story(
            each.event.correlation_id,
            context_of(each.event.traceparent, each.event.tracestate),
            _about(each, system, group, len(events)) if tracer.recording else None,
        )
        for each in events
    ]
    with traced(tracer, f"process {topic}", stories, kind="consumer") as spans:
        if tracer.recording:
            events = [_continued(each, span) for each, span in zip(events, spans, strict=True)]
        yield events, spans


def _about(wanted: Wanted, system: str, group: str, together: int) -> Attributes:
    received, delivery = wanted.received, wanted.delivery
    about: dict[str, str | int] = {
        "messaging.system": system,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": received.record.topic,
        "messaging.destination.partition.id": str(received.partition),
        "messaging.consumer.group.name": group,
        "messaging.message.id": delivery.event_id,
        "cloudevents.event_type": wanted.event.type,
    }
    if system == "kafka":
        about["messaging.kafka.message.key"] = delivery.key
        about["messaging.kafka.offset"] = received.position
    if together > 1:
        about["messaging.batch.message_count"] = together
    return about


def _continued(wanted: Wanted, span: Span) -> Wanted:
    """Have whatever the event causes go on from its handling."""
    context = span.context
    if context is None:
        return wanted
    trace = {"traceparent": context.traceparent, "tracestate": context.tracestate}
    return replace(wanted, event=wanted.event.model_copy(update=trace))


def sending(tracer: Tracer, system: str, records: Sequence[Record]) -> AbstractContextManager[object]:
    """Publish records in the block, which is linked with the trace of each; without any it is not recorded."""
    if not tracer.recording:
        return nullcontext()
    traces = list(dict.fromkeys(trace for record in records if (trace := trace_of(record.headers))))
    if not traces:
        return nullcontext()
    topics = sorted({record.topic for record in records})
    about: dict[str, str | int] = {
        "messaging.system": system,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.batch.message_count": len(records),
    }
    if len(topics) == 1:
        about["messaging.destination.name"] = topics[0]
    name = f"send {topics[0]}" if len(topics) == 1 else "send"
    return traced(tracer, name, [Story(attributes=about)], kind="producer", links=traces)
