"""Follow what capa decides and does: triage, nonconformities and their actions, several facts in one transaction.

A containment that is done, which may end clocks of many complaints, is followed alone: `follow_completion`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from common.actor import Actor
from events.delivery import Claim, Delivery
from intake.domain.clocks.following import Change
from intake.domain.clocks.happening import Happened, Happening, situation_of
from intake.domain.progress import ActionSeen, Membership, NonconformityMoved, NonconformitySeen, TriageSeen
from intake.domain.timeline import Note
from intake.usecases.clockwork import Clockwork
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import StartWork, Work

CAPA: Final = Actor("service", "capa")
"""Who has clocks end by what it tells."""

Fact = TriageSeen | NonconformitySeen | NonconformityMoved | ActionSeen
Contained = Mapping[tuple[UUID, UUID], datetime]
"""When a nonconformity was contained, for complaints that wait for it and are to belong to it."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One event: the fact, None where it is about no complaint, and the note of it for timelines."""

    delivery: Delivery
    fact: Fact | None
    note: Note | None = None


class FollowCapa:
    """Keeps what capa tells beside the complaints that it is about, so that their sources can read it."""

    def __init__(self, start_work: StartWork, clockwork: Clockwork) -> None:
        self._start_work = start_work
        self._clockwork = clockwork

    async def __call__(self, told: Sequence[Followed]) -> Sequence[Claim]:
        """Keep each fact once, and the note of it; all of them are kept, or none. Tells what each claim found."""
        changes: list[Change] = []
        async with self._start_work.together([each.delivery for each in told]) as (work, claims):
            new = [each for each, claim in zip(told, claims, strict=True) if claim is Claim.NEW]
            facts = [each.fact for each in new if each.fact is not None]
            memberships = [found for fact in facts if (found := _membership(fact)) is not None]
            # Turns come before complaints, and complaints before all else, which is the order of all who write.
            contained = await work.clocks.contained_before(memberships)
            await work.progress.hold(_complaints(facts), memberships)
            await _keep(work, facts)
            for fact in facts:
                changes += await self._meet(work, fact, contained)
            await work.progress.take_notes([each.note for each in new if each.note is not None])
        self._clockwork.counted(changes)
        return claims

    async def _meet(self, work: Work, fact: Fact, contained: Contained) -> Sequence[Change]:
        """Have a complaint's clocks follow a containment that was done before the complaint belonged to it."""
        found = _membership(fact)
        at = None if found is None else contained.get((found.complaint_id, found.nonconformity_id))
        if found is None or at is None:
            return ()
        timed = await work.clocks.timed(found.complaint_id)
        situation, happened = situation_of(timed.complaint, timed.handling), Happened(Happening.CONTAINED, at)
        return await self._clockwork.follow(
            work, timed.complaint, situation, [happened], Cause(CAPA, fact.seen_at)
        )


async def _keep(work: Work, facts: Sequence[Fact]) -> None:
    """Keep facts kind by kind, each kind in its order: between kinds any order comes to the same.

    The kinds come as capa tells them of one complaint, so that its source sees them in that order.
    """
    triages: list[TriageSeen] = []
    nonconformities: list[NonconformitySeen] = []
    actions: list[ActionSeen] = []
    moved: list[NonconformityMoved] = []
    for fact in facts:
        match fact:
            case TriageSeen():
                triages.append(fact)
            case NonconformitySeen():
                nonconformities.append(fact)
            case ActionSeen():
                actions.append(fact)
            case NonconformityMoved():
                moved.append(fact)
            case never:
                assert_never(never)
    await work.progress.triage(*triages)
    await work.progress.nonconformity(*nonconformities)
    await work.progress.action(*actions)
    await work.progress.moved(*moved)


def _membership(fact: Fact) -> Membership | None:
    match fact:
        case TriageSeen(complaint_id=complaint, nonconformity_id=UUID() as nonconformity):
            return Membership(complaint, nonconformity, fact.nonconformity_number, fact.seen_at)
        case NonconformitySeen(complaint_id=UUID() as complaint, nonconformity_id=nonconformity):
            return Membership(complaint, nonconformity, fact.number, fact.seen_at)
        case _:
            return None


def _complaints(facts: Iterable[Fact]) -> set[UUID]:
    return {
        fact.complaint_id
        for fact in facts
        if isinstance(fact, TriageSeen | NonconformitySeen) and fact.complaint_id is not None
    }
