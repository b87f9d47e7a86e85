"""Erase a complaint: its person goes from everything, the complaint and its history stay."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common import history
from intake.domain.attached_file import AttachedFile, FileState
from intake.domain.attaching import trace_deleted
from intake.domain.complaint import Complaint, refuse_future
from intake.domain.erasure import Order, erase, trace_erasure
from intake.domain.retention import RetentionPolicy
from intake.usecases.attachments import Files, Storage
from intake.usecases.ports import Clock, StartWork, Work

FILES_REASON = "erased with the personal data of the complaint"


@dataclass(frozen=True, slots=True)
class EraseOne:
    """Which complaint, read in which version (None: any); `within` as everywhere."""

    reference: str
    order: Order
    expected: int | None = None
    within: str | None = None


@dataclass(frozen=True, slots=True)
class ErasedComplaint:
    """The complaint as it is now, and what was taken from it: nothing where that was done before."""

    complaint: Complaint
    names: tuple[str, ...] = ()
    files: int = 0


class EraseComplaint:
    """Erases complaints; doing it twice changes nothing more."""

    def __init__(
        self,
        start_work: StartWork,
        files: Files,
        storage: Storage | None,
        policy: RetentionPolicy,
        clock: Clock,
    ) -> None:
        self._start_work = start_work
        self._files = files
        self._storage = storage
        self._policy = policy
        self._clock = clock

    async def __call__(self, command: EraseOne) -> ErasedComplaint:
        """Return once it is committed; raises NoSuchComplaint, Stale, ErasureHeld and FromTheFuture."""
        now = self._clock()
        refuse_future(now, requested_at=command.order.requested_at)
        async with self._start_work() as work:
            kept = await work.complaints.by_reference(command.reference, source_system=command.within)
            hold = await work.erasures.hold(kept.complaint.id)
            handling = await work.handlings.of(kept.complaint.id)
            erased = erase(
                kept.complaint, handling, policy=self._policy, hold=hold, expected=command.expected, now=now
            )
            if erased is None:
                return ErasedComplaint(kept.complaint)
            gone, last = await self._delete_files(work, command.order, kept.complaint.id, kept.last, now)
            trace = trace_erasure(
                erased, files=len(gone), order=command.order, policy=self._policy, last=last, now=now
            )
            await work.erasures.erase(
                erased.after, erased.handling, trace, files=self._policy.files, notes=self._policy.notes
            )
        await self._remove(gone)
        return ErasedComplaint(erased.after, erased.names, len(gone))

    async def _delete_files(
        self, work: Work, order: Order, complaint_id: UUID, last: history.Entry, now: datetime
    ) -> tuple[Sequence[AttachedFile], history.Entry]:
        """Delete each attachment as if it were asked for alone, so that its content goes by the same way."""
        if not self._policy.files:
            return (), last
        files = await work.erasures.stored_files(complaint_id)
        for file in files:
            trace = trace_deleted(file, last=last, actor=order.actor, reason=FILES_REASON, now=now)
            deleted = replace(
                file,
                state=FileState.DELETED,
                deleted_by=str(order.actor),
                deleted_at=now,
                deletion_reason=FILES_REASON,
            )
            await work.files.delete(deleted, trace)
            last = trace.entry
        return files, last

    async def _remove(self, files: Sequence[AttachedFile]) -> None:
        # From here on nobody reads them any more; where the store is away the sweep removes them.
        if self._storage is None:
            return
        with suppress(Exception):
            for file in files:
                await self._storage.delete(file.id)
                await self._files.removed(file.id, now=self._clock())
