"""What the source of a complaint is told when something about the complaint changes: codes and names, never a word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from intake.domain.complaint import State
from intake.domain.lifecycle.facts import BY_VERB
from intake.domain.trail import ERASED, HISTORY_ERASED


class ChangeType(StrEnum):
    """What kind of change it is; a closed list that only grows."""

    RECEIVED = "complaint.received"
    UPDATED = "complaint.updated"
    STEPPED = "complaint.step_taken"
    DECIDED = "complaint.decided"
    NONCONFORMITY = "nonconformity.changed"
    ACTION = "action.changed"
    OVERDUE = "clock.overdue"
    ENDED = "clock.ended"


class Origin(StrEnum):
    """Where a change was noticed."""

    HISTORY = "history"
    TRIAGE = "triage"
    LINK = "link"
    NONCONFORMITY = "nonconformity"
    ACTION = "action"
    CLOCK = "clock"
    VERDICT = "verdict"


_TOLD: Final[Mapping[Origin, tuple[ChangeType, str, str]]] = {
    Origin.TRIAGE: (ChangeType.DECIDED, "decided", "triage"),
    Origin.LINK: (ChangeType.NONCONFORMITY, "linked", "nonconformity"),
    Origin.NONCONFORMITY: (ChangeType.NONCONFORMITY, "changed", "nonconformity"),
    Origin.ACTION: (ChangeType.ACTION, "changed", "actions"),
    Origin.CLOCK: (ChangeType.OVERDUE, "overdue", "clocks"),
    Origin.VERDICT: (ChangeType.ENDED, "ended", "clocks"),
}
_OF_FILES: Final = frozenset({"attached", "attachment_deleted"})
_UNTOLD: Final = frozenset({"held", "hold_released"})
"""What concerns those alone who keep the data: the complaint reads as before."""

_BESIDE: Final = frozenset({"withheld", "withheld_sha256"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A change as it was noticed, with the complaint as it is now; `action` and `changes` are its history's, if any.

    Of a clock that ended `action` is the verdict: met or missed. `state_before` is where a step found the complaint, as far as a step before it says.
    """

    origin: Origin
    complaint_id: UUID
    number: str
    source_system: str
    external_id: str | None
    state: str
    version: int
    historical: bool
    action: str | None = None
    changes: Mapping[str, Any] | None = None
    at: datetime | None = None
    state_before: str | None = None
    clock: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change in the feed; `position` only grows, and the id is also that of its webhook.

    `clock` is the name of the clock that is overdue or ended.
    """

    position: int
    id: UUID
    complaint_id: UUID
    number: str
    source_system: str
    external_id: str | None
    type: ChangeType
    action: str
    changed: tuple[str, ...]
    state: str
    version: int
    historical: bool
    occurred_at: datetime
    recorded_at: datetime
    clock: str | None = None


def tell(noticed: Noticed, *, position: int, change_id: UUID, now: datetime) -> Change:
    """Make the feed's entry of a change: its type, what the history calls it, and the names of what changed."""
    kind, action, changed = _told(noticed)
    return Change(
        position=position,
        id=change_id,
        complaint_id=noticed.complaint_id,
        number=noticed.number,
        source_system=noticed.source_system,
        external_id=noticed.external_id,
        type=kind,
        action=action,
        changed=changed,
        state=noticed.state,
        version=noticed.version,
        historical=noticed.historical,
        occurred_at=noticed.at or now,
        recorded_at=now,
        clock=noticed.clock,
    )


def is_told(noticed: Noticed) -> bool:
    """Tell whether a source is told of a change at all."""
    return noticed.action not in _UNTOLD


def is_posted(change: Change) -> bool:
    """Tell whether webhooks tell of a change: of the mere record of a past complaint they do not."""
    return not (change.historical and change.type is ChangeType.RECEIVED)


def _told(noticed: Noticed) -> tuple[ChangeType, str, tuple[str, ...]]:
    if noticed.origin is not Origin.HISTORY:
        kind, action, name = _TOLD[noticed.origin]
        return kind, noticed.action or action, (name,)
    action = noticed.action or "amended"
    if action == "received":
        return ChangeType.RECEIVED, action, ()
    if action in _OF_FILES:
        return ChangeType.UPDATED, action, ("files",)
    changes = noticed.changes or {}
    if action in BY_VERB:
        return ChangeType.STEPPED, action, _stepped(changes, noticed.state_before)
    if action in {ERASED, HISTORY_ERASED}:
        return ChangeType.UPDATED, action, _erased(changes)
    return ChangeType.UPDATED, action, _names(changes)


def _stepped(changes: Mapping[str, Any], state_before: str | None) -> tuple[str, ...]:
    moved = changes["state"] != (state_before or State.RECEIVED.value)
    return ("handling", "state") if moved else ("handling",)


def _erased(changes: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted({*changes["erased"], *(("files",) if changes["files"] else ())}))


def _names(changes: Mapping[str, Any]) -> tuple[str, ...]:
    withheld: Iterable[str] = changes.get("withheld") or ()
    return tuple(sorted({*withheld, *changes.keys()} - _BESIDE))
