"""Chooses the cases of a batch of reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from capa.domain.case.case import Case
from capa.domain.errors import TooManyReports
from capa.usecases.case_reading import CaseFilter, CaseRecords
from common.clock import Clock
from common.refusals import FieldError

MOST_REPORTS: Final = 50
"""How many reports one answer has."""


@dataclass(frozen=True, slots=True)
class ChooseReports:
    """Names cases by filter or by reference."""

    cases: CaseRecords
    clock: Clock

    async def matching(self, wanted: CaseFilter) -> Sequence[Case]:
        """Find the cases that match, the one requested last first; refuses with TooManyReports."""
        page = await self.cases.cases(wanted, None, MOST_REPORTS, now=self.clock())
        if page.next_keys is not None:
            raise _too_many(f"More than {MOST_REPORTS} cases match.", "")
        return page.items

    async def named(self, references: Sequence[UUID | str]) -> Sequence[Case]:
        """Find each of these cases, each once, in their order; refuses with CaseMissing and TooManyReports."""
        unlike = list(dict.fromkeys(references))
        if len(unlike) > MOST_REPORTS:
            raise _too_many(f"{len(unlike)} cases are named; one answer has at most {MOST_REPORTS}.", "case")
        found = [(await self.cases.case(each)).case for each in unlike]
        return list({case.id: case for case in found}.values())


def _too_many(detail: str, field: str) -> TooManyReports:
    return TooManyReports(
        detail, FieldError(field, "too_many_reports", detail, f"ask for at most {MOST_REPORTS} at a time")
    )
