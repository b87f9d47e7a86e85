"""Tells again what stands in notifier's records: deadlines warned of and breached, who was told, and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from common.clock import Clock
from events.again import Part, Told, UnknownPlace, following
from events.envelope import Contract, Event
from notifier.domain.deadline import Key
from notifier.domain.facts import Answered, Breached, Fact, NoticeFailed, NoticeSent, Warned
from notifier.domain.ladder import StepKind
from notifier.domain.notice import NoticeState
from notifier.usecases.outgoing import event_of
from notifier.usecases.ports import StandingDeadline, StartWork

DEADLINES: Final = "deadlines"
SECTIONS: Final = (DEADLINES,)


@dataclass(frozen=True, slots=True)
class AnnounceAgain:
    """Tells what became of one part of the deadlines in one transaction.

    Nobody is told who was told before: only the topic hears of it. That nobody could be found to tell is not on record
    beyond the notice to the stand-in, and so is not told again.
    """

    start_work: StartWork
    clock: Clock

    async def __call__(self, part: Part) -> Told:
        """Tell of the next deadlines in the order of their subjects and clocks; raises UnknownPlace."""
        after = _after(part)
        async with self.start_work() as work:
            found = await work.standing.deadlines(after=after, since=part.since, limit=part.records)
            now = self.clock()
            events: list[Event[Contract]] = [
                event_of(fact, each.deadline.version, now) for each in found for fact in facts_of(each)
            ]
            if not part.dry_run:
                work.announce(events)
        keys = [(str(each.deadline.subject_id), each.deadline.clock) for each in found]
        return Told(events, len(found), following(SECTIONS, part.place, keys, part.records))


def facts_of(standing: StandingDeadline) -> Sequence[Fact]:
    """List what happened to a deadline's present generation, and who was told and what was answered of any, by time."""
    facts: list[Fact] = []
    for name, at in standing.fired.items():
        match next((step.kind for step in standing.deadline.ladder.steps if step.name == name), None):
            case StepKind.REMINDER:
                facts.append(Warned(standing.deadline, name, at))
            case StepKind.BREACH:
                facts.append(Breached(standing.deadline, at))
            case StepKind.ESCALATION | None:
                continue
    for ended in standing.notices:
        match ended.state:
            case NoticeState.SENT:
                facts.append(
                    NoticeSent(standing.deadline, ended.notice, ended.maybe_duplicate, ended.finished_at)
                )
            case NoticeState.FAILED:
                facts.append(
                    NoticeFailed(
                        standing.deadline, ended.notice, ended.reason, ended.attempts, ended.finished_at
                    )
                )
            case NoticeState.PLANNED | NoticeState.SUPPRESSED:
                continue
    facts += [Answered(standing.deadline, answer) for answer in standing.answers]
    return sorted(facts, key=lambda fact: fact.at)


def _after(part: Part) -> Key | None:
    if part.place.section != DEADLINES:
        raise UnknownPlace(f"there is no section {part.place.section}; there is {DEADLINES}")
    if not part.place.after:
        return None
    try:
        subject_id, clock = part.place.after
        return UUID(subject_id), clock
    except ValueError:
        raise UnknownPlace(f"{part.place} does not name a deadline by its subject's id and clock") from None
