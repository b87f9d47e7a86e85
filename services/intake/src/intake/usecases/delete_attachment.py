"""Delete an attachment: the content goes, the record says who did it and why."""

from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from common.actor import Actor
from common.refusals import require_version
from intake.domain.attached_file import AttachedFile, FileState
from intake.domain.attaching import trace_deleted
from intake.usecases.attachments import Files, Storage
from intake.usecases.ports import Clock, StartWork


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Which attachment of which complaint goes, read in which version (None: any), and why; `within` as everywhere."""

    reference: str
    file_id: UUID
    reason: str
    actor: Actor
    within: str | None = None
    expected: int | None = None


class DeleteAttachment:
    """Deletes attachments; doing it twice changes nothing more."""

    def __init__(self, start_work: StartWork, files: Files, storage: Storage, clock: Clock) -> None:
        self._start_work = start_work
        self._files = files
        self._storage = storage
        self._clock = clock

    async def __call__(self, command: DeleteFile) -> AttachedFile:
        """Return the record as it is now; raises NoSuchComplaint, NoSuchFile and Stale."""
        async with self._start_work() as work:
            kept = await work.complaints.by_reference(command.reference, source_system=command.within)
            file = await work.files.find(kept.complaint.id, command.file_id)
            require_version(command.expected, file.version)
            if file.state is FileState.STORED:
                now = self._clock()
                trace = trace_deleted(
                    file, last=kept.last, actor=command.actor, reason=command.reason, now=now
                )
                file = replace(
                    file,
                    state=FileState.DELETED,
                    deleted_by=str(command.actor),
                    deleted_at=now,
                    deletion_reason=command.reason,
                )
                await work.files.delete(file, trace)
        if file.removed_at is None:
            # From here on nobody reads it any more; where the store is away the sweep removes it.
            with suppress(Exception):
                await self._storage.delete(file.id)
                gone = self._clock()
                await self._files.removed(file.id, now=gone)
                return replace(file, removed_at=gone)
        return file
