"""Receive a complaint: write it down once, however often its source tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from common.actor import Actor
from common.ids import new_id
from events.series import Announced, written
from intake.domain.amendment import Outdated, Unchanged, hear_again
from intake.domain.clocks.beginning import Begun
from intake.domain.clocks.following import Change
from intake.domain.complaint import Complaint, Report, receive
from intake.domain.facts import Amended, Received
from intake.domain.trail import trace_amendment, trace_receipt
from intake.usecases.clockwork import Clockwork
from intake.usecases.follow_amendment import follow_amendment
from intake.usecases.outgoing import published_amendment, published_receipt
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import AlreadyKnown, Clock, Receipt, Reception, Repeated, RequestKey, StartWork

TOLD_AGAIN = "told again by its source"
_OK = 200


class Outcome(StrEnum):
    """What came of a complaint that was handed over."""

    RECEIVED = "received"
    UNCHANGED = "unchanged"
    AMENDED = "amended"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Receive:
    """A complaint to be received, its values checked one by one."""

    report: Report
    actor: Actor
    key: RequestKey | None = None
    traceparent: str | None = None
    tracestate: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The complaint as it is known now, and what the telling came to."""

    outcome: Outcome
    complaint: Complaint
    begun: Begun | None = None
    """The clocks of a new complaint."""


class ReceiveComplaint:
    """Writes a complaint down, or amends the one that the source has told before."""

    def __init__(
        self, reception: Reception, start_work: StartWork, clock: Clock, clockwork: Clockwork
    ) -> None:
        self._reception = reception
        self._start_work = start_work
        self._clock = clock
        self._clockwork = clockwork

    async def __call__(self, command: Receive) -> Told | Repeated:
        """Answer once it is committed; raises FromTheFuture, and what the use of a key refuses."""
        receipt = self._receipt(command)
        first = await self._reception.receive(receipt)
        match first:
            case Complaint():
                return Told(Outcome.RECEIVED, first, receipt.begun)
            case Repeated():
                return first
            case AlreadyKnown():
                return await self._hear_again(command)
            case never:
                assert_never(never)

    def _receipt(self, command: Receive) -> Receipt:
        now = self._clock()
        new = receive(command.report, complaint_id=new_id(), correlation_id=new_id(), now=now)
        begun = self._clockwork.begin(new)

        def announce(complaint: Complaint) -> Sequence[Announced]:
            received = written(
                published_receipt(
                    Received(complaint),
                    actor=command.actor,
                    traceparent=command.traceparent,
                    tracestate=command.tracestate,
                )
            )
            return [received, *self._clockwork.told_at_receipt(begun, complaint, received)]

        return Receipt(new, trace_receipt(new, actor=command.actor), announce, begun, key=command.key)

    async def _hear_again(self, command: Receive) -> Told | Repeated:
        report = command.report
        if report.external_id is None:
            raise AssertionError("only a complaint with an identity can be known already")
        changes: Sequence[Change] = ()
        async with self._start_work() as work:
            kept = await work.complaints.by_identity(report.source_system, report.external_id)
            if command.key is not None:
                repeated = await work.claim_key(command.key, kept.complaint.id, _OK)
                if repeated is not None:
                    return repeated
            now = self._clock()
            heard = hear_again(kept.complaint, report, now=now)
            match heard:
                case Unchanged(complaint):
                    if complaint != kept.complaint:
                        await work.complaints.note_source(complaint)
                    told = Told(Outcome.UNCHANGED, complaint)
                case Outdated(complaint):
                    told = Told(Outcome.STALE, complaint)
                case Amended():
                    trace = trace_amendment(
                        heard, last=kept.last, actor=command.actor, reason=TOLD_AGAIN, now=now
                    )
                    await work.complaints.save(heard.after, trace)
                    work.announce(
                        published_amendment(
                            heard,
                            actor=command.actor,
                            now=now,
                            traceparent=command.traceparent,
                            tracestate=command.tracestate,
                        )
                    )
                    changes = await follow_amendment(work, self._clockwork, heard.after, _cause(command, now))
                    told = Told(Outcome.AMENDED, heard.after)
                case never:
                    assert_never(never)
        self._clockwork.counted(changes)
        return told


def _cause(command: Receive, now: datetime) -> Cause:
    return Cause(command.actor, now, command.traceparent, command.tracestate)
