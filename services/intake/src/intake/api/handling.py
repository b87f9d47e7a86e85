"""What has been done about a complaint, and what can be done next, as JSON."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from chassis.auth import Principal
from intake.api.instants import instant
from intake.domain.complaint import State
from intake.domain.lifecycle.guards import Situation, hindrances, possible
from intake.domain.lifecycle.handling import UNTOUCHED, Handling
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.domain.lifecycle.words import Step
from intake.usecases.views import ComplaintView, case_of

_REMEMBERED: Final = 256
_FIRST: Final[dict[frozenset[str], list[str]]] = {}
"""The steps of a complaint that was just received, by the caller's scopes."""


def situation_of(principal: Principal, now: datetime, policy: ClosingPolicy) -> Situation:
    """Say who asks, when, and by which policy."""
    return Situation(actor=principal.actor, now=now, policy=policy, scopes=principal.scopes)


def shape_handling(handling: Handling) -> dict[str, Any]:
    """Write what has been done about a complaint as plain JSON, every name with a value or null."""
    # Of what was just handed over it is always the same, and that must be fast.
    return dict(_NOTHING_DONE) if handling is UNTOUCHED else _shaped(handling)


def _shaped(handling: Handling) -> dict[str, Any]:
    body: dict[str, Any] = _plain(handling)
    body["contact_attempts"] = body.pop("contacts")
    master = {"id": body.pop("master_id"), "number": body.pop("master_number")}
    body["duplicate_of"] = None if handling.master_id is None else master
    body["reports_missing"] = list(handling.reports_missing)
    return body


def shape_allowed(view: ComplaintView, situation: Situation) -> list[str]:
    """List the steps that the caller can take now."""
    if (
        view.complaint.state is State.RECEIVED
        and view.handling is UNTOUCHED
        and not view.has_duplicates
        and situation.scopes is not None
    ):
        # Nearly all that are handed over, which must be fast; each of them has the same steps.
        known = _FIRST.get(situation.scopes)
        if known is None:
            known = [step.value for step in possible(case_of(view), situation)]
            if len(_FIRST) < _REMEMBERED:
                _FIRST[situation.scopes] = known
        return list(known)
    return [step.value for step in possible(case_of(view), situation)]


def shape_refused(view: ComplaintView, situation: Situation) -> list[dict[str, Any]]:
    """List the steps that the caller cannot take now, and why."""
    case, refused = case_of(view), []
    for step in Step:
        missing = hindrances(step, case, situation)
        if missing:
            refused.append(
                {
                    "step": step.value,
                    "missing": [
                        {"code": each.code.value, "detail": each.detail, "fix": each.fix} for each in missing
                    ],
                }
            )
    return refused


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value


_NOTHING_DONE: Final[Mapping[str, Any]] = _shaped(UNTOUCHED)
