"""Tells again what stands in intake's records.

Each complaint as it was received, its steps, as it was amended since, and its deadlines as they stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from common.actor import Actor
from events.again import Part, Told, UnknownPlace, following
from events.envelope import Contract, Event
from intake.domain.clocks.clock import Clock as ComplaintClock
from intake.domain.clocks.following import Change, standing_news
from intake.domain.retelling import amendment_of, receipt_of, steps_of
from intake.usecases.outgoing import published_amendment, published_receipt
from intake.usecases.outgoing_clocks import Cause, DeadlineAnnouncer
from intake.usecases.outgoing_steps import published_step
from intake.usecases.ports import Chronicled, Clock, StartWork

_INTAKE: Final = Actor("service", "intake")
"""Deadlines are set by policy."""

COMPLAINTS: Final = "complaints"
SECTIONS: Final = (COMPLAINTS,)


@dataclass(frozen=True, slots=True)
class AnnounceAgain:
    """Tells one part of the complaints in one transaction.

    Each event has a new id: a listener that lost what it knew of a complaint must not take it for handled. One that
    still knows it goes by the complaint's id and version.
    """

    start_work: StartWork
    clock: Clock
    announce: DeadlineAnnouncer

    async def __call__(self, part: Part) -> Told:
        """Tell the next complaints in the order of their ids; raises UnknownPlace."""
        after = _after(part)
        async with self.start_work() as work:
            found = await work.complaints.chronicled(after=after, since=part.since, limit=part.records)
            clocks = await work.clocks.of_many([each.complaint.id for each in found])
            events = [
                event
                for each in found
                for event in (*self._events(each), *self._deadlines(each, clocks.get(each.complaint.id, ())))
            ]
            if not part.dry_run:
                for event in events:
                    work.announce(event)
        keys = [(str(each.complaint.id),) for each in found]
        return Told(events, len(found), following(SECTIONS, part.place, keys, part.records))

    def _events(self, chronicled: Chronicled) -> Sequence[Event[Contract]]:
        # Told anew now: `recorded_at` is what listeners measure an event's age by, `occurred_at` what it tells.
        told_at = {"recorded_at": self.clock()}
        received, actor = receipt_of(chronicled.complaint, chronicled.history)
        events: list[Event[Contract]] = [published_receipt(received, actor=actor).model_copy(update=told_at)]
        amendment = amendment_of(chronicled.complaint, chronicled.history, since=received.complaint)
        if amendment is not None:
            amended, actor, at = amendment
            events.append(published_amendment(amended, actor=actor, now=at).model_copy(update=told_at))
        for step in steps_of(chronicled.complaint, chronicled.history):
            told = published_step(step.complaint, step.fact, actor=step.actor, now=step.at)
            if told is not None:
                events.append(told.model_copy(update=told_at))
        # In the order in which they happened, since a listener passes over what is older than what it knows.
        return sorted(events, key=lambda event: event.version)

    def _deadlines(self, chronicled: Chronicled, clocks: Sequence[ComplaintClock]) -> list[Event[Contract]]:
        """Tell each deadline as it stands: what must still be done, or what became of it, for who believes it open.

        Those of earlier runs are told too, for who counts what was met; whoever acts on a deadline passes over them.
        """
        cause = Cause(_INTAKE, self.clock())
        return [
            self.announce(Change(clock, news), chronicled.complaint, cause)
            for clock in sorted(clocks, key=lambda clock: clock.ordinal)
            for news in standing_news(clock)
        ]


def _after(part: Part) -> UUID | None:
    if part.place.section != COMPLAINTS:
        raise UnknownPlace(f"there is no section {part.place.section}; there is {COMPLAINTS}")
    if not part.place.after:
        return None
    try:
        (key,) = part.place.after
        return UUID(key)
    except ValueError:
        raise UnknownPlace(f"{part.place} does not name a complaint by its id") from None
