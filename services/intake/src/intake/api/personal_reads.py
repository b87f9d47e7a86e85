"""Who may read personal data, and the record that somebody did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from prometheus_client import Counter

from chassis.auth import Principal
from chassis.logging import get_logger
from intake.api.shaping import PERSONAL
from intake.usecases.personal_reads import ReadOperation, RecordPersonalRead
from intake.usecases.views import ComplaintView

READS: Final = Counter(
    "personal_data_reads_total",
    "Answers that showed personal data of at least one complaint, by operation. Each is on record with its reader.",
    ["operation"],
)
for _operation in ReadOperation:
    READS.labels(_operation.value)

log = get_logger("intake.personal_reads")


def may_read_personal(principal: Principal) -> bool:
    """Tell whether a caller is shown who complains, and texts of the past."""
    return PERSONAL in principal.scopes


def naming(views: Iterable[ComplaintView]) -> list[UUID]:
    """Give the ids of the complaints that name a complainant."""
    return [view.complaint.id for view in views if view.complaint.account.complainant is not None]


@dataclass(frozen=True, slots=True)
class ReadRecorder:
    """Records what a caller is about to be shown."""

    record: RecordPersonalRead

    async def __call__(
        self, principal: Principal, operation: ReadOperation, complaints: Sequence[UUID]
    ) -> None:
        """Record who reads personal data of which complaints, before it is sent; nothing where there is none.

        Whatever keeps it from being recorded is raised, so that nothing is shown. Neither the record nor the log line
        names a complainant: what was searched for may itself be personal data.
        """
        if not complaints:
            return
        await self.record(principal.actor, principal.key_id, operation, complaints)
        READS.labels(operation.value).inc()
        log.info(
            "personal_data_read",
            operation=operation.value,
            actor=str(principal.actor),
            key_id=principal.key_id,
            complainants=len(complaints),
        )

    async def of_views(
        self, principal: Principal, operation: ReadOperation, views: Iterable[ComplaintView]
    ) -> None:
        """Record that complaints are shown with who complains, where the caller may see that."""
        if may_read_personal(principal):
            await self(principal, operation, naming(views))
