"""Erasure: a complaint loses its person and keeps everything that is counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from common import history
from common.actor import Actor
from common.clock import instant_text
from common.refusals import require_version
from intake.domain.complaint import FORGOTTEN, Complaint
from intake.domain.errors import ErasureHeld
from intake.domain.lifecycle.forgetting import forgotten
from intake.domain.lifecycle.handling import Handling
from intake.domain.retention import Hold, RetentionPolicy
from intake.domain.trail import ERASED, HISTORY_ERASED, Trace

_EMPTY: Final[Mapping[str, Any]] = {
    "title": None,
    "description": "",
    "remedy_sought": None,
    "serial": None,
    "attachments": (),
}


class Basis(StrEnum):
    """Why a person is erased: somebody asked, or the time is over that the data may be kept."""

    REQUEST = "request"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an erasure is for; `reason` stays in the history and must hold no personal data."""

    basis: Basis
    reason: str
    requested_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Erasure:
    """A complaint before and after, what is still known of its handling, and the names of what went."""

    before: Complaint
    after: Complaint
    handling: Handling
    names: tuple[str, ...]


def erase(
    known: Complaint,
    handling: Handling,
    *,
    policy: RetentionPolicy,
    hold: Hold | None,
    expected: int | None,
    now: datetime,
) -> Erasure | None:
    """Take the person out of a complaint that was read in version `expected` (None: whatever it is).

    None where that was done before. Codes, times and its number stay; the note of its source's own status
    goes, whatever the policy says. The fingerprint of what its source said last goes
    too: whoever knows the rest of it could find a name or a telephone number by trying. Raises Stale and ErasureHeld.
    """
    if known.erased_at is not None:
        return None
    require_version(expected, known.version)
    refuse_held(known, policy=policy, hold=hold, now=now)
    account = replace(known.account, complainant=None, **{name: _EMPTY[name] for name in policy.texts})
    status = known.crm_status
    noted = status is not None and status.note is not None
    after = replace(
        known,
        account=account,
        source_digest=FORGOTTEN,
        crm_status=None if status is None else replace(status, note=None),
        erased_at=now,
        version=known.version + 1,
    )
    emptied = forgotten(handling)
    names = (
        "complainant",
        *sorted(policy.texts),
        *(("crm_status",) if noted else ()),
        *(() if emptied == handling else ("handling",)),
        "history",
    )
    return Erasure(known, after, emptied, names)


def refuse_held(known: Complaint, *, policy: RetentionPolicy, hold: Hold | None, now: datetime) -> None:
    """Raise ErasureHeld where somebody or a rule of retention keeps the personal data."""
    if hold is not None and hold.holds(now):
        raise ErasureHeld(hold.reason, hold.until)
    rule = policy.rule_of(known)
    until = rule.held_until(known)
    if now < until:
        raise ErasureHeld(rule.reason, until, rule=rule.name)


def trace_erasure(
    erased: Erasure, *, files: int, order: Order, policy: RetentionPolicy, last: history.Entry, now: datetime
) -> Trace:
    """Continue the history with what was erased, why, and by which policy; never with what it was."""
    changes: dict[str, object] = {
        "erased": list(erased.names),
        "files": files,
        "basis": order.basis.value,
        "requested_at": instant_text(order.requested_at),
        "policy_version": policy.version,
    }
    return _trace(ERASED, changes, order.reason, last=last, actor=order.actor, now=now)


def trace_former(*, order: Order, policy: RetentionPolicy, last: history.Entry, now: datetime) -> Trace:
    """Continue the history of a complaint that only named the person in the past."""
    changes: dict[str, object] = {
        "erased": ["history"],
        "files": 0,
        "basis": order.basis.value,
        "requested_at": instant_text(order.requested_at),
        "policy_version": policy.version,
    }
    return _trace(HISTORY_ERASED, changes, order.reason, last=last, actor=order.actor, now=now)


def trace_hold(hold: Hold, *, last: history.Entry, actor: Actor) -> Trace:
    """Continue the history with a hold that was placed, or changed."""
    changes: dict[str, object] = {"until": None if hold.until is None else instant_text(hold.until)}
    return _trace("held", changes, hold.reason, last=last, actor=actor, now=hold.placed_at)


def trace_release(*, reason: str, last: history.Entry, actor: Actor, now: datetime) -> Trace:
    """Continue the history with the end of a hold."""
    return _trace("hold_released", {}, reason, last=last, actor=actor, now=now)


def _trace(
    action: str,
    changes: Mapping[str, object],
    reason: str,
    *,
    last: history.Entry,
    actor: Actor,
    now: datetime,
) -> Trace:
    return Trace(
        history.append(last, at=now, actor=str(actor), action=action, changes=changes, reason=reason)
    )
