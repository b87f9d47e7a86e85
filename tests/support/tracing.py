"""Spans of a test's own process, kept in memory by OpenTelemetry's own exporter."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis.recording import RecordingTracer, sampler_of
from chassis.tracing import Correlating, use_tracer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
UNSAMPLED = f"00-{TRACE}-{SPAN}-00"


class Recorded:
    """What was recorded since the block began."""

    def __init__(self, tracer: RecordingTracer, memory: InMemorySpanExporter) -> None:
        self.tracer = tracer
        self._memory = memory

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self._memory.get_finished_spans()

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span


@contextmanager
def recording(*, ratio: float = 1.0) -> Iterator[Recorded]:
    """Trace the test's process for the block, as `start_tracing` would."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(
        sampler=sampler_of(ratio), resource=Resource.create({"service.name": "tests"}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = RecordingTracer(provider.get_tracer("tests"), lambda _: None)
    use_tracer(tracer)
    try:
        yield Recorded(tracer, memory)
    finally:
        use_tracer(Correlating())
        provider.shutdown()


def trace_id(span: ReadableSpan) -> str:
    """The trace of a span, as headers write it."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def span_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def parent_id(span: ReadableSpan) -> str | None:
    """The span that this one is a child of; None for one that begins a trace."""
    return f"{span.parent.span_id:016x}" if span.parent is not None else None


def said(span: ReadableSpan) -> dict[str, object]:
    """What a span says."""
    return dict(span.attributes or {})


def failed(span: ReadableSpan) -> bool:
    return not span.status.is_ok and not span.status.is_unset
