"""The thread that ties a request to its logs, its events and all that they cause."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from common.ids import new_id
from common.tracing import TraceContext

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?"
)


@dataclass(frozen=True, slots=True)
class Correlation:
    """What one request or event belongs to; `span_id` is of the work being done here."""

    correlation_id: UUID
    trace_id: str
    span_id: str
    flags: str = "00"
    tracestate: str | None = None

    @property
    def traceparent(self) -> str:
        """The W3C header that hands this trace on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def is_sampled(self) -> bool:
        """Whether whoever began the trace wants it recorded."""
        return bool(int(self.flags, 16) & 1)

    @property
    def context(self) -> TraceContext:
        """Where everything that this work causes continues."""
        return TraceContext(self.traceparent, self.tracestate)


_CURRENT: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def current() -> Correlation | None:
    """Tell what the running task belongs to, or None outside of any request or event."""
    return _CURRENT.get()


def bind(correlation: Correlation) -> Token[Correlation | None]:
    """Bind what follows in this task; hand the token to `release`."""
    return _CURRENT.set(correlation)


def release(token: Token[Correlation | None]) -> None:
    """Undo a `bind`."""
    _CURRENT.reset(token)


@contextmanager
def correlated(
    correlation_id: UUID | str | None = None, traceparent: str | None = None
) -> Iterator[Correlation]:
    """Bind a block to a correlation id and trace, as a consumer does for each event."""
    correlation = correlation_from(correlation_id, traceparent)
    token = bind(correlation)
    try:
        yield correlation
    finally:
        release(token)


def is_traceparent(text: str | None) -> bool:
    """Tell whether a trace can continue from this header."""
    return text is not None and _TRACEPARENT.fullmatch(text) is not None


def correlation_from(
    correlation_id: UUID | str | None, traceparent: str | None, tracestate: str | None = None
) -> Correlation:
    """Make a correlation from what a caller sent: its id, else its trace's, else a new UUID of version 7.

    Events carry the id as a UUID, so any other text gives the UUID of version 5 that always belongs to this text.
    """
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if correlation_id:
        chosen = correlation_id if isinstance(correlation_id, UUID) else correlation_id_of(correlation_id)
    else:
        chosen = UUID(hex=found[1]) if found else new_id()
    span_id = os.urandom(8).hex()
    return (
        Correlation(chosen, found[1], span_id, found[2], tracestate)
        if found
        else Correlation(chosen, chosen.hex, span_id)
    )


def correlation_id_of(text: str) -> UUID:
    """Read a caller's correlation id: a UUID, or the UUID of version 5 that always belongs to this text."""
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACE_URL, text)
