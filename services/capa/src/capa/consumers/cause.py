"""The cause that an event is of what follows from it."""

from capa.usecases.cause import Cause
from common.actor import Actor
from events.envelope import Contract, Event

CAPA = Actor("service", "capa")
"""Whoever decides by policy."""


def because_of(event: Event[Contract]) -> Cause:
    """Make the cause: the event's story and trace go on, and capa itself acts."""
    return Cause(CAPA, event.correlation_id, event.id, event.traceparent, event.tracestate)
