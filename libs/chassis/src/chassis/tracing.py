"""Tracing of the process: off until `start_tracing`, and then by OpenTelemetry over OTLP/HTTP.

OpenTelemetry is imported by `start_tracing` alone, so that a process which does not trace pays nothing for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client import Counter
from typing_extensions import override

from chassis.correlation import Correlation, bind, correlation_from, release
from chassis.settings import ServiceSettings
from common.tracing import Kind, Span, Story, TraceContext, Tracer

SPANS: Final = Counter(
    "tracing_spans_total",
    "Spans of this process by what became of them: exported; failed, since the collector did not take them; dropped, "
    "since too many waited for it.",
    ["outcome"],
)
for _outcome in ("exported", "failed", "dropped"):
    SPANS.labels(_outcome)


class ProcessSpan(Span, Protocol):
    """A span that log lines can name."""

    @property
    def correlation(self) -> Correlation:
        """What log lines say of work under this span."""
        ...

    def rename(self, name: str) -> None:
        """Name the work anew, as a request is once its route is known."""
        ...


class ProcessTracer(Tracer, Protocol):
    """A tracer of a whole process."""

    @override
    def begin(
        self, name: str, *, kind: Kind, story: Story, links: Sequence[TraceContext] = ()
    ) -> ProcessSpan:
        """Begin a piece of work."""
        ...

    def finish(self, seconds: float) -> None:
        """Send what waits within so many seconds, and record nothing more."""
        ...


@contextmanager
def bound_to(correlation: Correlation) -> Iterator[Correlation]:
    """Bind a block to a correlation."""
    token = bind(correlation)
    try:
        yield correlation
    finally:
        release(token)


@dataclass(frozen=True, slots=True)
class _Unrecorded:
    """Work that nobody records; log lines name its story all the same."""

    story: Story

    @property
    def context(self) -> TraceContext | None:
        """Where the work came from: what it causes continues there."""
        return self.story.context

    @property
    def correlation(self) -> Correlation:
        """The story's correlation and trace, with a span id of this work."""
        traceparent = self.story.context.traceparent if self.story.context else None
        return correlation_from(self.story.correlation_id, traceparent)

    def rename(self, name: str) -> None:
        """Say nothing."""

    def set(self, name: str, value: str | int) -> None:
        """Say nothing."""

    def fail(self, reason: str) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


class Correlating:
    """The tracer of a process that does not trace: it records nothing, and binds log lines to their stories."""

    recording: Final = False

    def begin(
        self,
        name: str,  # noqa: ARG002 - the form of `Tracer`
        *,
        kind: Kind,  # noqa: ARG002
        story: Story,
        links: Sequence[TraceContext] = (),  # noqa: ARG002
    ) -> ProcessSpan:
        """Begin work that nobody records."""
        return _Unrecorded(story)

    def bound(self, span: Span) -> AbstractContextManager[object]:
        """Bind the block's log lines."""
        return bind_span(span)

    def finish(self, seconds: float) -> None:
        """Do nothing: nothing waits."""


def bind_span(span: Span) -> AbstractContextManager[object]:
    """Bind a block to a span that a tracer of this process began."""
    correlation: Correlation = span.correlation  # type: ignore[attr-defined]  # a tracer is handed its own spans
    return bound_to(correlation)


_OFF: Final = Correlating()
_current: ProcessTracer = _OFF


def tracer() -> ProcessTracer:
    """Give the process's tracer; ask after `start_tracing`."""
    return _current


def start_tracing(settings: ServiceSettings, version: str) -> None:
    """Begin to trace where the settings say so; call it once in a process, before anything is opened."""
    if settings.tracing:
        from chassis.exporting import open_tracer

        use_tracer(open_tracer(settings, version))


def use_tracer(chosen: ProcessTracer) -> None:
    """Make this the process's tracer."""
    global _current  # noqa: PLW0603 - a process has one tracer, as it has one registry of metrics
    _current = chosen


def finish_tracing(seconds: float) -> None:
    """Send what waits for the collector within so many seconds, and trace nothing more."""
    ending = _current
    use_tracer(_OFF)
    ending.finish(seconds)
