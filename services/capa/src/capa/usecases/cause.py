"""Why something happens: who does it, and what it belongs to."""

from dataclasses import dataclass
from uuid import UUID

from common.actor import Actor


@dataclass(frozen=True, slots=True)
class Cause:
    """The actor, and for what an event caused its correlation, its id and its trace.

    Without a correlation of its own, what happens belongs to the story of the thing that it happens to.
    """

    actor: Actor
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    rights: frozenset[str] = frozenset()
    """The scopes of whoever asks, for rules that look at them."""
