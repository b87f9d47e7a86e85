"""Hold a complaint: keep its personal data from being erased, with a reason, and let go of it again."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from common.actor import Actor
from common.refusals import FieldError, Unacceptable
from intake.domain.erasure import trace_hold, trace_release
from intake.domain.errors import ComplaintErased
from intake.domain.retention import Hold
from intake.usecases.ports import Clock, StartWork


class HoldOver(Unacceptable):
    """The hold would be over before it begins."""

    code: ClassVar[str] = "hold_over"

    def __init__(self) -> None:
        super().__init__(
            "A hold keeps something from now on.",
            FieldError("/until", "hold_over", "lies in the past", "send a later instant, or leave it out"),
        )


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Which complaint is held, why, and until when (None: until it is released)."""

    reference: str
    reason: str
    until: datetime | None
    actor: Actor
    within: str | None = None


@dataclass(frozen=True, slots=True)
class LetGo:
    """Whose hold ends, and why."""

    reference: str
    reason: str
    actor: Actor
    within: str | None = None


class HoldComplaint:
    """Places a hold, or replaces the one that there is; the history keeps both."""

    def __init__(self, start_work: StartWork, clock: Clock) -> None:
        self._start_work = start_work
        self._clock = clock

    async def __call__(self, command: PlaceHold) -> Hold:
        """Return the hold; the same one again changes nothing. Raises NoSuchComplaint, HoldOver and ComplaintErased."""
        now = self._clock()
        if command.until is not None and command.until <= now:
            raise HoldOver
        async with self._start_work() as work:
            kept = await work.complaints.by_reference(command.reference, source_system=command.within)
            if kept.complaint.erased_at is not None:
                raise ComplaintErased
            known = await work.erasures.hold(kept.complaint.id)
            if known is not None and (known.reason, known.until) == (command.reason, command.until):
                return known
            hold = Hold(
                reason=command.reason, until=command.until, placed_by=str(command.actor), placed_at=now
            )
            trace = trace_hold(hold, last=kept.last, actor=command.actor)
            await work.erasures.place(kept.complaint.id, hold, trace)
            return hold


class ReleaseHold:
    """Ends a hold."""

    def __init__(self, start_work: StartWork, clock: Clock) -> None:
        self._start_work = start_work
        self._clock = clock

    async def __call__(self, command: LetGo) -> Hold | None:
        """Return the hold that ended, None where there was none; raises NoSuchComplaint."""
        async with self._start_work() as work:
            kept = await work.complaints.by_reference(command.reference, source_system=command.within)
            hold = await work.erasures.hold(kept.complaint.id)
            if hold is not None:
                trace = trace_release(
                    reason=command.reason, last=kept.last, actor=command.actor, now=self._clock()
                )
                await work.erasures.release(kept.complaint.id, trace)
            return hold
