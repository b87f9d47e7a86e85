"""Amend a complaint: staff or its source correct what is known, with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from common.actor import Actor
from intake.domain.amendment import Unchanged, correct
from intake.domain.clocks.following import Change
from intake.domain.complaint import Complaint
from intake.domain.facts import Amended
from intake.domain.trail import trace_amendment
from intake.usecases.clockwork import Clockwork
from intake.usecases.follow_amendment import follow_amendment
from intake.usecases.outgoing import published_amendment
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import Clock, StartWork

_TIMES = ("aware_at", "received_at")


@dataclass(frozen=True, slots=True)
class Amend:
    """Which complaint, read in which version (None: any), gets which new values, and why.

    `within` is the source system whose complaints the caller may see, None for all.
    """

    reference: str
    expected: int | None
    changes: Mapping[str, Any]
    reason: str
    actor: Actor
    within: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None


class AmendComplaint:
    """Corrects a complaint, continues its history and tells who listens."""

    def __init__(self, start_work: StartWork, clock: Clock, clockwork: Clockwork) -> None:
        self._start_work = start_work
        self._clock = clock
        self._clockwork = clockwork

    async def __call__(self, command: Amend) -> Complaint:
        """Return the complaint as it is now; raises NoSuchComplaint, Stale and FromTheFuture."""
        changes: Sequence[Change] = ()
        async with self._start_work() as work:
            kept = await work.complaints.by_reference(command.reference, source_system=command.within)
            known, now = kept.complaint, self._clock()
            times = {name: command.changes[name] for name in _TIMES if name in command.changes}
            account = {name: value for name, value in command.changes.items() if name not in _TIMES}
            outcome = correct(
                known,
                account=replace(known.account, **account),
                aware_at=times.get("aware_at", known.aware_at),
                received_at=times.get("received_at", known.received_at),
                expected=command.expected,
                now=now,
            )
            match outcome:
                case Unchanged():
                    complaint = known
                case Amended():
                    trace = trace_amendment(
                        outcome, last=kept.last, actor=command.actor, reason=command.reason, now=now
                    )
                    await work.complaints.save(outcome.after, trace)
                    work.announce(
                        published_amendment(
                            outcome,
                            actor=command.actor,
                            now=now,
                            traceparent=command.traceparent,
                            tracestate=command.tracestate,
                        )
                    )
                    cause = Cause(command.actor, now, command.traceparent, command.tracestate)
                    changes = await follow_amendment(work, self._clockwork, outcome.after, cause)
                    complaint = outcome.after
                case never:
                    assert_never(never)
        self._clockwork.counted(changes)
        return complaint
