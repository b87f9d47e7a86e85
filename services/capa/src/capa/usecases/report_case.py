"""Reports a case as an 8D, from the record as it stands."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from capa.domain.report.document import Document
from capa.domain.report.eight_d import Reported, eight_d
from capa.domain.report.words import Wording
from capa.usecases.case_reading import CaseRecords
from capa.usecases.reading import Records
from common.clock import Clock

MOST_NONCONFORMITIES: Final = 20
"""How many of the nonconformities that a case answers are told of; the report says how many more there are."""


@dataclass(frozen=True, slots=True)
class ReportCase:
    """Reads case, actions and nonconformities; instants are written in a zone."""

    cases: CaseRecords
    records: Records
    clock: Clock
    zone: ZoneInfo

    async def __call__(self, reference: UUID | str) -> Document:
        """Report a case by its id or number; refuses with CaseMissing."""
        view = await self.cases.case(reference)
        named = view.case.nonconformity_ids[:MOST_NONCONFORMITIES]
        reported = [await self._reported(each) for each in named]
        return eight_d(view.case, view.actions, reported, now=self.clock(), words=Wording(self.zone))

    async def _reported(self, name: UUID) -> Reported:
        view = await self.records.nonconformity(name)
        found = view.nonconformity
        return Reported(
            number=found.number,
            severity=found.severity.value,
            raised_at=found.raised_at,
            complaints=found.complaints,
            description=found.description,
            actions=view.actions,
        )
