"""On `deadline.warned` and `deadline.breached`: the complaint's clock shows that its owner was reminded, or is late."""

from typing import Final

from prometheus_client import Counter

from events.contracts.notifier import DeadlineBreachedV1, DeadlineWarnedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from events.worker_metrics import WORKER
from intake.usecases.note_clock_news import NoteClockNews
from intake.usecases.outgoing_clocks import SUBJECT_KIND
from intake.usecases.ports import ClockNews

BREACHES: Final = Counter(
    "complaint_clock_breaches_total",
    "Breaches of complaints' clocks that notifier told of: noted, or ignored because the clock was met, paused or counted anew "
    "meanwhile, or the breach was noted before.",
    ["outcome"],
    registry=WORKER.registry,
)
for _outcome in ("noted", "ignored"):
    BREACHES.labels(_outcome)


def on_deadline_warned(note: NoteClockNews) -> Handler:
    """Make the handler; deadlines of anything but a complaint are none of ours."""

    async def handle(event: Event[DeadlineWarnedV1], delivery: Delivery) -> None:
        told = event.data
        if told.subject_kind == SUBJECT_KIND:
            news = ClockNews(told.subject_id, told.clock, told.generation, "warned", told.warned_at)
            await note(news, delivery)

    return handle


def on_deadline_breached(note: NoteClockNews) -> Handler:
    """Make the handler; deadlines of anything but a complaint are none of ours."""

    async def handle(event: Event[DeadlineBreachedV1], delivery: Delivery) -> None:
        told = event.data
        if told.subject_kind == SUBJECT_KIND:
            news = ClockNews(told.subject_id, told.clock, told.generation, "breached", told.breached_at)
            BREACHES.labels("noted" if await note(news, delivery) else "ignored").inc()

    return handle
