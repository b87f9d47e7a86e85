"""How a known complaint changes: its source tells it again, or staff correct it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from common.refusals import require_version
from intake.domain.complaint import (
    ACCOUNT,
    ENDED,
    FORGOTTEN,
    WITHHELD,
    Account,
    Complaint,
    NewComplaint,
    Report,
    refuse_future,
)
from intake.domain.errors import ComplaintErased
from intake.domain.facts import Amended
from intake.domain.lifecycle.refusals import ComplaintEnded

JUDGED: Final = frozenset(
    {
        "channel",
        "reported_severity",
        "product",
        "category",
        "lot",
        "site",
        "occurred_at",
        "aware_at",
        "received_at",
    }
)
"""What the handling of a complaint is judged by."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing differs that anybody is told of; the source's own marks may."""

    complaint: Complaint


@dataclass(frozen=True, slots=True)
class Outdated:
    """The source's telling is older than the one that is known: a late retry, which reverts nothing."""

    complaint: Complaint


Heard = Unchanged | Outdated | Amended
"""What hearing of a known complaint again comes to."""


def hear_again(known: Complaint, report: Report, *, now: datetime) -> Heard:
    """Take a further telling by the source of a known complaint.

    The same telling changes nothing, even where staff have corrected the complaint since. One that the source dates
    before the known one is outdated. Any other replaces what is known, but for whether it was `historical`.

    Of a complaint whose person was erased a telling changes codes and times alone, and brings nobody back.
    """
    if known.erased_at is not None:
        kept = {name: getattr(known.account, name) for name in WITHHELD}
        report = replace(report, account=replace(report.account, **kept))
        if known.source_digest == FORGOTTEN and _as_known(report, known):
            return Unchanged(known)
    digest = report.digest()
    if digest == known.source_digest:
        return Unchanged(
            replace(known, source_updated_at=_later(known.source_updated_at, report.source_updated_at))
        )
    if _older(report.source_updated_at, known.source_updated_at):
        return Outdated(known)
    received_at = report.received_at or known.received_at
    told = replace(
        known,
        source_digest=digest,
        source_updated_at=report.source_updated_at or known.source_updated_at,
        account=report.account,
        received_at=received_at,
        aware_at=report.aware_at or (received_at if report.received_at else known.aware_at),
    )
    return _compared(known, told, now)


def correct(
    known: Complaint,
    *,
    account: Account,
    aware_at: datetime,
    received_at: datetime,
    expected: int | None,
    now: datetime,
) -> Unchanged | Amended:
    """Correct a complaint that was read in version `expected` (None: whatever it is).

    Once it has ended, what was judged stands; raises ComplaintEnded for that. What its source tells is kept always.
    Raises Stale, FromTheFuture, and ComplaintErased for texts or a person once they were erased.
    """
    require_version(expected, known.version)
    if known.erased_at is not None:
        brought = [name for name in WITHHELD if getattr(account, name) != getattr(known.account, name)]
        if brought:
            raise ComplaintErased(*sorted(brought))
    outcome = _compared(
        known, replace(known, account=account, aware_at=aware_at, received_at=received_at), now
    )
    if isinstance(outcome, Amended) and known.state in ENDED:
        fixed = [name for name in outcome.changed if name in JUDGED]
        if fixed:
            raise ComplaintEnded(known.state, fixed)
    return outcome


def contents(complaint: NewComplaint) -> Mapping[str, object]:
    """List by name everything that an amendment can change."""
    return {
        **{name: getattr(complaint.account, name) for name in ACCOUNT},
        "aware_at": complaint.aware_at,
        "received_at": complaint.received_at,
    }


def _compared(known: Complaint, told: Complaint, now: datetime) -> Unchanged | Amended:
    before, after = contents(known), contents(told)
    changed = tuple(name for name in after if before[name] != after[name])
    if not changed:
        return Unchanged(told)
    refuse_future(
        now, received_at=told.received_at, aware_at=told.aware_at, occurred_at=told.account.occurred_at
    )
    return Amended(known, replace(told, version=known.version + 1), changed)


def _as_known(report: Report, known: Complaint) -> bool:
    """Tell by the source's own dates that it says what it said before the erasure, whose fingerprint is gone."""
    return report.source_updated_at is not None and report.source_updated_at == known.source_updated_at


def _older(told: datetime | None, known: datetime | None) -> bool:
    return told is not None and known is not None and told < known


def _later(known: datetime | None, told: datetime | None) -> datetime | None:
    return told if known is None or (told is not None and told > known) else known
