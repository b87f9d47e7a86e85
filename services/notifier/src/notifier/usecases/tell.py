"""Turns "this person is to be told" into notices, and hands them to the deliveries that will carry them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.ids import new_id
from notifier.domain.deadline import Deadline
from notifier.domain.delivery import Pace
from notifier.domain.facts import NobodyToTell
from notifier.domain.ladder import StepKind
from notifier.domain.notice import Notice
from notifier.domain.person import Person
from notifier.domain.routing import People, Unroutable, addressee, explain
from notifier.usecases.ports import Way, Work


@dataclass(frozen=True, slots=True)
class Telling:
    """The notices of one step, and the fact that its own addressee could not be told, where that is so."""

    notices: tuple[Notice, ...]
    nobody: NobodyToTell | None = None


def tell(
    deadline: Deadline, step: str, kind: StepKind, role: str, *, people: People, fallback: str, now: datetime
) -> Telling:
    """Write the notices of a step to whoever stands behind the role, else to the fallback person with the reason."""
    found = addressee(role, deadline.owner, people)
    if isinstance(found, Person):
        return Telling(_notices(deadline, step, kind, found, why=None, now=now))
    return stand_in(deadline, step, kind, found, people=people, fallback=fallback, now=now)


def stand_in(
    deadline: Deadline,
    step: str,
    kind: StepKind,
    unroutable: Unroutable,
    *,
    people: People,
    fallback: str,
    now: datetime,
) -> Telling:
    """Write the notices to the fallback person, who reads why; the fact says so, also where that one is unknown."""
    person = addressee(fallback, deadline.owner, people)
    if not isinstance(person, Person) or person.id == unroutable.person:
        return Telling((), NobodyToTell(deadline, step, unroutable, None, now))
    notices = _notices(deadline, step, kind, person, why=explain(unroutable), now=now)
    return Telling(notices, NobodyToTell(deadline, step, unroutable, person.id, now))


def notices_to(
    deadline: Deadline, step: str, kind: StepKind, person: Person, *, why: str, now: datetime
) -> Telling:
    """Write the notices of a step to a person who stands in for another and reads why."""
    return Telling(_notices(deadline, step, kind, person, why=why, now=now))


async def post(work: Work, notices: Sequence[Notice], pace: Pace, now: datetime) -> int:
    """Hand notices to the deliveries that gather for their recipients; tell how many were new."""
    if not notices:
        return 0
    ways = _ways(notices)
    last = await work.deliveries.last_messages(ways)
    critical = {(notice.recipient, notice.channel) for notice in notices if notice.critical}
    first = {way: pace.first_attempt(now, last.get(way), critical=way in critical) for way in ways}
    return await work.notices.post(notices, first)


def _ways(notices: Iterable[Notice]) -> list[Way]:
    return sorted({(notice.recipient, notice.channel) for notice in notices})


def _notices(
    deadline: Deadline, step: str, kind: StepKind, person: Person, *, why: str | None, now: datetime
) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            id=new_id(),
            subject_kind=deadline.subject_kind,
            subject_id=deadline.subject_id,
            clock=deadline.clock,
            generation=deadline.generation,
            step=step,
            kind=kind,
            recipient=person.id,
            channel=channel,
            critical=deadline.is_critical,
            why=why,
            created_at=now,
            traceparent=deadline.traceparent,
            tracestate=deadline.tracestate,
        )
        for channel in person.channels()
    )
