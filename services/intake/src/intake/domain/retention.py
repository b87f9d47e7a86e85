"""How long personal data of complaints is kept, and what keeps it from being erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from intake.domain.complaint import WITHHELD, Complaint

ERASABLE: Final = WITHHELD - {"complainant"}
"""The texts of a complaint that a policy may have erased; who complains always is."""


class HistoricalStart(StrEnum):
    """What the time of a complaint counts from that was put on record as historical and that nobody has worked on since."""

    RECEIVED = "received"
    RECORDED = "recorded"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """For the complaints that it fits (an empty set fits all): days that are counted from receipt and from the end.

    No erasure before `hold_days` after receipt; by itself `keep_days` after the end of the work, None for never.
    """

    name: str
    reason: str
    hold_days: int = 0
    keep_days: int | None = None
    products: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    source_systems: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()

    def fits(self, complaint: Complaint) -> bool:
        """Tell whether it is about such a complaint."""
        account = complaint.account
        return all(
            not wanted or value in wanted
            for wanted, value in (
                (self.products, account.product),
                (self.categories, account.category),
                (self.source_systems, complaint.source_system),
                (self.severities, account.reported_severity.value),
            )
        )

    def held_until(self, complaint: Complaint) -> datetime:
        """Tell from when on an erasure is allowed."""
        return complaint.received_at + timedelta(days=self.hold_days)

    def due_at(self, ended_at: datetime) -> datetime | None:
        """Tell when it is erased by itself, or None for never."""
        return None if self.keep_days is None else ended_at + timedelta(days=self.keep_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """The rules of one version; `texts`, `files` and `notes` say what an erasure takes beside the complainant."""

    version: str
    ends: frozenset[str]
    resumes: frozenset[str]
    personal_reads_days: int
    texts: frozenset[str]
    files: bool
    notes: bool
    rules: Sequence[RetentionRule]
    historical: HistoricalStart = HistoricalStart.NEVER

    def rule_of(self, complaint: Complaint) -> RetentionRule:
        """Give the first rule that fits; the last one fits all."""
        return next(rule for rule in self.rules if rule.fits(complaint))

    @property
    def shortest_keep_days(self) -> int | None:
        """After how many days the first complaint may be due; None where none ever is."""
        return min((rule.keep_days for rule in self.rules if rule.keep_days is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Somebody keeps a complaint's personal data from being erased, until an instant or until it is released."""

    reason: str
    until: datetime | None
    placed_by: str
    placed_at: datetime

    def holds(self, now: datetime) -> bool:
        """Tell whether it still does."""
        return self.until is None or now < self.until
