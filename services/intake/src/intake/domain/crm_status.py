"""What the source of a complaint says of its own work on it: a code of its own, a reference, a note."""

from dataclasses import replace
from datetime import datetime

from common.refusals import require_version
from intake.domain.amendment import Unchanged
from intake.domain.complaint import Complaint, CrmStatus, refuse_future
from intake.domain.errors import ComplaintErased
from intake.domain.facts import StatusNoted


def note_status(
    known: Complaint, status: CrmStatus, *, expected: int | None, now: datetime
) -> Unchanged | StatusNoted:
    """Keep the source's own status of a complaint that was read in version `expected` (None: whatever it is).

    Where nothing but the time differs, nothing changes, so that a repeat does no harm. Raises Stale, FromTheFuture, and
    ComplaintErased for a note once the complaint's personal data was erased.
    """
    require_version(expected, known.version)
    if known.erased_at is not None and status.note is not None:
        raise ComplaintErased("note")
    refuse_future(now, at=status.at)
    if known.crm_status is not None and replace(known.crm_status, at=status.at) == status:
        return Unchanged(known)
    return StatusNoted(known, replace(known, crm_status=status, version=known.version + 1))
