"""Apply retention: erase what has been kept for as long as it may be, unless somebody holds it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from common.actor import Actor
from common.refusals import Stale
from intake.domain.complaint import Complaint
from intake.domain.erasure import Basis, Order
from intake.domain.errors import ErasureHeld
from intake.domain.retention import HistoricalStart, Hold, RetentionPolicy, RetentionRule
from intake.usecases.erase_complaint import EraseComplaint, EraseOne
from intake.usecases.ports import Clock

AT_ONCE: Final = 200
ACTOR: Final = Actor("service", "intake")


@dataclass(frozen=True, slots=True)
class Ended:
    """A complaint whose work has ended, when, and what holds it."""

    complaint: Complaint
    ended_at: datetime
    hold: Hold | None


class DueErasures(Protocol):
    """Finds what retention may have to erase; each call is a transaction of its own."""

    async def page(
        self,
        *,
        ends: Sequence[str],
        resumes: Sequence[str],
        historical: HistoricalStart,
        before: datetime,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[Ended]:
        """Read complaints by their age whose work ended before an instant, and was not resumed since.

        Historical ones that nobody has worked on ended when `historical` says.
        """
        ...

    async def forget_reads(self, *, before: datetime) -> int:
        """Forget who was shown personal data before an instant; tell how many records that were."""
        ...


class DueOutcome(StrEnum):
    """What came of a complaint whose time is over."""

    DUE = "due"
    ERASED = "erased"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Due:
    """A complaint whose time was over at `due_at`, by which rule, and what came of it."""

    number: str
    rule: str
    due_at: datetime
    outcome: DueOutcome
    reason: str | None = None


class ApplyRetention:
    """Goes through what is due, each complaint in a transaction of its own; any number of processes may do it."""

    def __init__(
        self, due: DueErasures, erase_complaint: EraseComplaint, policy: RetentionPolicy, clock: Clock
    ) -> None:
        self._due = due
        self._erase_complaint = erase_complaint
        self._policy = policy
        self._clock = clock

    async def __call__(self, *, dry_run: bool) -> AsyncIterator[Due]:
        """Tell of each complaint that is due as it is done; with `dry_run` nothing is changed."""
        shortest = self._policy.shortest_keep_days
        after: tuple[datetime, UUID] | None = None
        now = self._clock()
        while shortest is not None:
            page = await self._due.page(
                ends=sorted(self._policy.ends),
                resumes=sorted(self._policy.resumes),
                historical=self._policy.historical,
                before=now - timedelta(days=shortest),
                after=after,
                limit=AT_ONCE,
            )
            for ended in page:
                told = await self._judge(ended, now, dry_run=dry_run)
                if told is not None:
                    yield told
            if len(page) < AT_ONCE:
                break
            after = (page[-1].complaint.recorded_at, page[-1].complaint.id)

    async def forget_reads(self) -> int:
        """Forget the records of reads that are kept for long enough."""
        return await self._due.forget_reads(
            before=self._clock() - timedelta(days=self._policy.personal_reads_days)
        )

    async def _judge(self, ended: Ended, now: datetime, *, dry_run: bool) -> Due | None:
        known = ended.complaint
        rule = self._policy.rule_of(known)
        due_at = rule.due_at(ended.ended_at)
        if due_at is None or now < due_at:
            return None
        outcome, reason = DueOutcome.DUE, _held_by(ended, rule, now)
        if reason is not None:
            outcome = DueOutcome.HELD
        elif not dry_run:
            order = Order(basis=Basis.RETENTION, reason=rule.reason, requested_at=now, actor=ACTOR)
            try:
                await self._erase_complaint(EraseOne(str(known.id), order, expected=known.version))
            except ErasureHeld as held:  # placed meanwhile
                outcome, reason = DueOutcome.HELD, held.reason
            except Stale:  # something was done about it meanwhile; the next run looks again
                return None
            else:
                outcome = DueOutcome.ERASED
        return Due(known.number, rule.name, due_at, outcome, reason)


def _held_by(ended: Ended, rule: RetentionRule, now: datetime) -> str | None:
    if ended.hold is not None and ended.hold.holds(now):
        return ended.hold.reason
    return rule.reason if now < rule.held_until(ended.complaint) else None
