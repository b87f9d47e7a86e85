"""A complaint's timeline: everything that happened, in one order, whoever told it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from common.page import Page
from intake.domain.timeline import Kind

TimelineSort = Literal["at", "-at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened: to the complaint itself, or to what is named by `subject_kind` and `subject_id`.

    `position` is its place in the hash-chained history, where it stands there; `withheld` are texts and personal data that
    it changed, as [before, after].
    """

    kind: Kind
    action: str
    at: datetime
    actor: str
    subject_kind: str
    subject_id: UUID
    changes: Mapping[str, Any]
    reason: str
    source: str
    position: int | None = None
    withheld: Mapping[str, Any] | None = None


class Timelines(Protocol):
    """Reads timelines; `within` keeps a caller to one source system."""

    async def page(
        self,
        reference: str,
        *,
        within: str | None,
        kinds: Sequence[Kind],
        sort: TimelineSort,
        after: tuple[str, ...] | None,
        limit: int,
    ) -> tuple[UUID, Page[TimelineEntry]]:
        """Read the complaint's id and one page, of some kinds alone where they are named; raises NoSuchComplaint."""
        ...
