"""The port to tracing: whoever does work says what it is and to which stories it belongs.

A span is one piece of work in a trace; the trace of a complaint runs from the request that brought it to the last mail
about it, and continues wherever its context was kept meanwhile: in an event's headers, or beside a deadline.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from uuid import UUID

Kind = Literal["internal", "server", "client", "producer", "consumer"]
"""The side of a conversation that the work is, as OpenTelemetry names them."""

Attributes = Mapping[str, str | int]
"""What a span says of its work: codes and ids, never personal data or a text that somebody wrote."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace, as the W3C headers `traceparent` and `tracestate` carry it."""

    traceparent: str
    tracestate: str | None = None


def context_of(traceparent: str | None, tracestate: str | None) -> TraceContext | None:
    """Put both headers together; a tracestate says nothing alone."""
    return None if traceparent is None else TraceContext(traceparent, tracestate)


@dataclass(frozen=True, slots=True)
class Story:
    """What a piece of work belongs to, and what it says of its own part of the work."""

    correlation_id: UUID | None = None
    context: TraceContext | None = None
    """Where the trace continues; without one a new trace begins."""
    attributes: Attributes | None = None


class Span(Protocol):
    """One piece of work, from its beginning until `end`."""

    @property
    def context(self) -> TraceContext | None:
        """Where everything that the work causes continues; keep it with what will go on later."""
        ...

    def set(self, name: str, value: str | int) -> None:
        """Say more about the work."""
        ...

    def fail(self, reason: str) -> None:
        """Say that the work failed: a code or the name of an error's class, never its text."""
        ...

    def end(self) -> None:
        """Say that the work is over."""
        ...


class Tracer(Protocol):
    """Records spans, or does not; work is the same either way."""

    @property
    def recording(self) -> bool:
        """Whether any span is recorded; where none is, nobody needs to collect what it would say."""
        ...

    def begin(self, name: str, *, kind: Kind, story: Story, links: Sequence[TraceContext] = ()) -> Span:
        """Begin a piece of work. `links` name other places of traces that it has to do with."""
        ...

    def bound(self, span: Span) -> AbstractContextManager[object]:
        """Have what the block logs and begins belong to a span of this tracer."""
        ...


@dataclass(frozen=True, slots=True)
class _Unrecorded:
    """Work that nobody records: what it causes continues where it came from."""

    context: TraceContext | None

    def set(self, name: str, value: str | int) -> None:
        """Say nothing."""

    def fail(self, reason: str) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


class Untraced:
    """A tracer that records nothing and binds nothing."""

    recording: Final = False

    def begin(
        self,
        name: str,  # noqa: ARG002  (the form of `Tracer`)
        *,
        kind: Kind,  # noqa: ARG002
        story: Story,
        links: Sequence[TraceContext] = (),  # noqa: ARG002
    ) -> Span:
        """Begin work that nobody records."""
        return _Unrecorded(story.context)

    def bound(self, span: Span) -> AbstractContextManager[object]:
        """Bind nothing."""
        return nullcontext(span)


UNTRACED: Final = Untraced()


@contextmanager
def traced(
    tracer: Tracer,
    name: str,
    stories: Sequence[Story],
    *,
    kind: Kind = "internal",
    links: Sequence[TraceContext] = (),
) -> Iterator[Sequence[Span]]:
    """Do the block's work once for these stories; gives a span for each, in its own trace.

    What the block logs and begins belongs to its one story. Of several it belongs to none: then it has a span and a
    trace of its own, linked with each of theirs. An error that leaves the block fails all spans.
    """
    spans = [tracer.begin(name, kind=kind, story=story, links=links) for story in stories]
    if len(spans) == 1:
        shared = spans[0]
        all_spans = spans
    else:
        number = {"redress.stories": len(spans)}
        theirs = [span.context for span in spans if span.context is not None]
        shared = tracer.begin(
            f"{name} together" if spans else name,
            kind="internal",
            story=Story(attributes=number),
            links=[*links, *theirs],
        )
        all_spans = [*spans, shared]
    try:
        with tracer.bound(shared):
            yield spans
    except BaseException as error:
        for span in all_spans:
            span.fail(type(error).__name__)
        raise
    finally:
        for span in all_spans:
            span.end()
