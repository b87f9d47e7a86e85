"""Note the source's own status: a CRM says where its work on a complaint stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from common.actor import Actor
from intake.domain.amendment import Unchanged
from intake.domain.complaint import Complaint, CrmStatus
from intake.domain.crm_status import note_status
from intake.domain.facts import StatusNoted
from intake.domain.trail import trace_status
from intake.usecases.outgoing import published_status
from intake.usecases.ports import Clock, StartWork


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteStatus:
    """Which complaint, read in which version (None: any), stands how at its source.

    `at` is left out where the caller does not say since when.
    """

    source_system: str
    external_id: str
    expected: int | None
    code: str
    reference: str | None
    note: str | None
    at: datetime | None
    actor: Actor
    traceparent: str | None = None
    tracestate: str | None = None


class NoteCrmStatus:
    """Keeps the status, continues the history and tells who listens; the note is told to nobody."""

    def __init__(self, start_work: StartWork, clock: Clock) -> None:
        self._start_work = start_work
        self._clock = clock

    async def __call__(self, command: NoteStatus) -> Complaint:
        """Return the complaint as it is now; raises NoSuchComplaint, Stale, ComplaintErased and FromTheFuture."""
        async with self._start_work() as work:
            kept = await work.complaints.by_identity(command.source_system, command.external_id)
            now = self._clock()
            status = CrmStatus(
                code=command.code, at=command.at or now, reference=command.reference, note=command.note
            )
            outcome = note_status(kept.complaint, status, expected=command.expected, now=now)
            match outcome:
                case Unchanged():
                    return kept.complaint
                case StatusNoted():
                    trace = trace_status(outcome, last=kept.last, actor=command.actor, now=now)
                    await work.complaints.save(outcome.after, trace)
                    work.announce(
                        published_status(
                            outcome,
                            actor=command.actor,
                            now=now,
                            traceparent=command.traceparent,
                            tracestate=command.tracestate,
                        )
                    )
                    return outcome.after
                case never:
                    assert_never(never)
