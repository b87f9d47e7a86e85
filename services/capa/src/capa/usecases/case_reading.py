"""What can be looked up about cases, without changing anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from capa.domain.action import Action
from capa.domain.case.case import Case, State
from capa.domain.case.values import Signature
from capa.domain.risk import Level
from capa.domain.severity import Severity
from capa.usecases.reading import Keys
from common.history import Entry
from common.page import Page

MOST_SIMILAR = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are asked for; several values of one field mean any of them, None means all."""

    state: frozenset[State] | None = None
    severity: frozenset[Severity] | None = None
    risk: frozenset[Level] | None = None
    product: frozenset[str] | None = None
    category: frozenset[str] | None = None
    owner: frozenset[str] | None = None
    approver: frozenset[str] | None = None
    nonconformity_id: UUID | None = None
    recurrence_of: UUID | None = None
    overdue: bool | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with its actions."""

    case: Case
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarRecord:
    """A nonconformity or case, open or closed, that shows the same or something like it, and why it is listed."""

    kind: Literal["nonconformity", "case"]
    id: UUID
    number: str
    state: str
    product: str
    category: str
    severity: Severity
    title: str
    at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A signature, and the part of the case as it was signed."""

    signature: Signature
    document: Mapping[str, object]


class CaseRecords(Protocol):
    """Reads cases, without locking them."""

    async def cases(self, wanted: CaseFilter, after: Keys, limit: int, *, now: datetime) -> Page[Case]:
        """List cases, the one requested last first; overdue is judged at `now`."""
        ...

    async def case(self, reference: UUID | str) -> CaseView:
        """Read one by its id or number; refuses with CaseMissing."""
        ...

    async def case_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to a case, oldest first; refuses with CaseMissing."""
        ...

    async def similar(self, reference: UUID | str) -> Sequence[SimilarRecord]:
        """Find what is similar elsewhere, most alike and newest first, at most `MOST_SIMILAR`; refuses with CaseMissing."""
        ...

    async def signatures(self, reference: UUID | str) -> tuple[Case, Sequence[SignedPart]]:
        """Read the signatures of a case with what was signed, oldest first; refuses with CaseMissing."""
        ...
