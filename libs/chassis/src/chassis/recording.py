"""Spans as OpenTelemetry records them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.trace import Span as OpenTelemetrySpan
from opentelemetry.trace import Tracer as OpenTelemetryTracer
from opentelemetry.util.types import Attributes
from typing_extensions import override

from chassis.correlation import Correlation, current, is_traceparent
from chassis.tracing import bind_span
from common.tracing import Kind, Span, Story, TraceContext

_KINDS: Final[Mapping[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_NOTHING_BEFORE: Final = Context()


class RecordedSpan:
    """A span of OpenTelemetry, and what log lines say of it."""

    __slots__ = ("_context", "_correlation_id", "_span")

    def __init__(self, span: OpenTelemetrySpan, correlation_id: UUID | None) -> None:
        self._span = span
        self._context = span.get_span_context()
        self._correlation_id = correlation_id

    @property
    def context(self) -> TraceContext:
        """The span itself: what it causes is its child."""
        return self.correlation.context

    @property
    def correlation(self) -> Correlation:
        """The story's correlation, else one named after the trace; trace and span are this span's."""
        place = self._context
        return Correlation(
            self._correlation_id or UUID(int=place.trace_id),
            f"{place.trace_id:032x}",
            f"{place.span_id:016x}",
            f"{place.trace_flags:02x}",
            place.trace_state.to_header() or None,
        )

    def rename(self, name: str) -> None:
        """Name the work anew."""
        self._span.update_name(name)

    def set(self, name: str, value: str | int) -> None:
        """Say more about the work."""
        self._span.set_attribute(name, value)

    def fail(self, reason: str) -> None:
        """Say that the work failed; the first reason stays."""
        self._span.set_attribute("error.type", reason)
        self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """Say that the work is over."""
        self._span.end()


class RecordingTracer:
    """Records spans by OpenTelemetry."""

    recording: Final = True

    def __init__(self, recorder: OpenTelemetryTracer, finish: Callable[[float], None]) -> None:
        self._recorder = recorder
        self._finish = finish

    def begin(
        self, name: str, *, kind: Kind, story: Story, links: Sequence[TraceContext] = ()
    ) -> RecordedSpan:
        """Begin a span that continues the story's trace, else a trace of its own."""
        before = None if story.context is None else place_of(story.context)
        attributes: Attributes = story.attributes
        if story.correlation_id is not None:
            attributes = {**(attributes or {}), "redress.correlation_id": str(story.correlation_id)}
        span = self._recorder.start_span(
            name,
            context=_NOTHING_BEFORE if before is None else set_span_in_context(NonRecordingSpan(before)),
            kind=_KINDS[kind],
            attributes=attributes,
            links=[Link(place) for link in links if (place := place_of(link)) is not None],
        )
        return RecordedSpan(span, story.correlation_id)

    def bound(self, span: Span) -> AbstractContextManager[object]:
        """Bind the block's log lines, and the spans that it begins for its story, to a span."""
        return bind_span(span)

    def finish(self, seconds: float) -> None:
        """Send what waits within so many seconds, and record nothing more."""
        self._finish(seconds)


def place_of(context: TraceContext) -> SpanContext | None:
    """Read a place in a trace, or None where the header is none that W3C allows."""
    if not is_traceparent(context.traceparent):
        return None
    _, trace_id, span_id, flags = context.traceparent.split("-")[:4]
    here = current()
    return SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=here is None or here.span_id != span_id,
        trace_flags=TraceFlags(int(flags, 16)),
        trace_state=TraceState.from_header([context.tracestate]) if context.tracestate else None,
    )


class AsLinked(Sampler):
    """Samples work that begins a trace but is done for others if one of those is sampled; else asks another sampler."""

    def __init__(self, otherwise: Sampler) -> None:
        self._otherwise = otherwise

    @override
    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if not links:
            return self._otherwise.should_sample(
                parent_context, trace_id, name, kind, attributes, links, trace_state
            )
        sampled = any(link.context.trace_flags.sampled for link in links)
        return SamplingResult(Decision.RECORD_AND_SAMPLE if sampled else Decision.DROP, attributes)

    @override
    def get_description(self) -> str:
        return f"AsLinked{{{self._otherwise.get_description()}}}"


def sampler_of(ratio: float) -> Sampler:
    """Sample what continues a trace as whoever began it decided, and that share of the traces that begin here."""
    return ParentBased(root=AsLinked(TraceIdRatioBased(ratio)))
