"""On `deadline.warned` and `deadline.breached`: the complaint's clock shows that its owner was reminded, or is late."""

from typing import Final

from prometheus_client import Counter

from events.contracts.notifier import DeadlineBreachedV1, DeadlineWarnedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from events.worker_metrics import WORKER
from intake.consumers.notes_of_notifier import SUBJECTS, note_of
from intake.usecases.note_clock_news import NoteClockNews
from intake.usecases.outgoing_clocks import SUBJECT_KIND
from intake.usecases.ports import ClockNews
from intake.usecases.take_note import TakeNote

BREACHES: Final = Counter(
    "complaint_clock_breaches_total",
    "Breaches of complaints' clocks that notifier told of: noted, or ignored because the clock was met, paused or counted anew "
    "meanwhile, or the breach was noted before.",
    ["outcome"],
    registry=WORKER.registry,
)
for _outcome in ("noted", "ignored"):
    BREACHES.labels(_outcome)


def on_deadline_warned(note: NoteClockNews, take: TakeNote) -> Handler:
    """Make the handler; a deadline of what capa made of a complaint is for timelines alone."""

    async def handle(event: Event[DeadlineWarnedV1], delivery: Delivery) -> None:
        told = event.data
        if told.subject_kind == SUBJECT_KIND:
            news = ClockNews(told.subject_id, told.clock, told.generation, "warned", told.warned_at)
            await note(news, note_of(event), delivery)
        elif told.subject_kind in SUBJECTS:
            await take(note_of(event), delivery)

    return handle


def on_deadline_breached(note: NoteClockNews, take: TakeNote) -> Handler:
    """Make the handler; a deadline of what capa made of a complaint is for timelines alone."""

    async def handle(event: Event[DeadlineBreachedV1], delivery: Delivery) -> None:
        told = event.data
        if told.subject_kind == SUBJECT_KIND:
            news = ClockNews(told.subject_id, told.clock, told.generation, "breached", told.breached_at)
            BREACHES.labels("noted" if await note(news, note_of(event), delivery) else "ignored").inc()
        elif told.subject_kind in SUBJECTS:
            await take(note_of(event), delivery)

    return handle
