"""Erase a person: every complaint of one source system that names them, or once did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from intake.domain.complaint import refuse_future
from intake.domain.erasure import Order, refuse_held, trace_former
from intake.domain.errors import ErasureHeld
from intake.domain.retention import RetentionPolicy
from intake.usecases.erase_complaint import EraseComplaint, EraseOne
from intake.usecases.ports import Clock, StartWork


class PersonOutcome(StrEnum):
    """What came of one complaint, or would come of it."""

    ERASED = "erased"
    FORMER = "history_erased"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class ErasePersonOf:
    """Whom to erase: the source's own id of a person; `dry_run` only tells what would be done."""

    source_system: str
    reference: str
    order: Order
    dry_run: bool


@dataclass(frozen=True, slots=True)
class OfPerson:
    """One complaint of the person; what keeps it, where it is held."""

    complaint_id: UUID
    number: str
    outcome: PersonOutcome
    reason: str | None = None
    until: datetime | None = None


class ErasePerson:
    """Erases one complaint after the other, each in a transaction of its own; a repeat goes on where it broke off."""

    def __init__(
        self, start_work: StartWork, erase_complaint: EraseComplaint, policy: RetentionPolicy, clock: Clock
    ) -> None:
        self._start_work = start_work
        self._erase_complaint = erase_complaint
        self._policy = policy
        self._clock = clock

    async def __call__(self, command: ErasePersonOf) -> Sequence[OfPerson]:
        """Tell what came of each complaint, by age; one that is held stops none of the others. Raises FromTheFuture."""
        refuse_future(self._clock(), requested_at=command.order.requested_at)
        async with self._start_work() as work:
            found = await work.erasures.of_person(command.source_system, command.reference)
        told = []
        for complaint_id, present in found:
            told.append(await self._one(command, complaint_id, present=present))
        return told

    async def _one(self, command: ErasePersonOf, complaint_id: UUID, *, present: bool) -> OfPerson:
        outcome = PersonOutcome.ERASED if present else PersonOutcome.FORMER
        async with self._start_work() as work:
            kept = await work.complaints.by_reference(str(complaint_id), source_system=command.source_system)
            known, now = kept.complaint, self._clock()
            hold = await work.erasures.hold(complaint_id)
            try:
                refuse_held(known, policy=self._policy, hold=hold, now=now)
            except ErasureHeld as held:
                return OfPerson(complaint_id, known.number, PersonOutcome.HELD, held.reason, held.until)
            if not (present or command.dry_run):
                trace = trace_former(order=command.order, policy=self._policy, last=kept.last, now=now)
                await work.erasures.erase_former(complaint_id, trace)
        if present and not command.dry_run:
            try:
                await self._erase_complaint(EraseOne(str(complaint_id), command.order))
            except ErasureHeld as held:  # placed meanwhile
                return OfPerson(complaint_id, known.number, PersonOutcome.HELD, held.reason, held.until)
        return OfPerson(complaint_id, known.number, outcome)
