"""A request for a later due time: granted or refused by another person; the original due time is kept."""

from dataclasses import dataclass
from datetime import datetime

from capa.domain.errors import DueInPast, DueUnchanged
from common.refusals import FieldError


@dataclass(frozen=True, slots=True)
class Extension:
    """What was asked for, by whom and why; it waits for a decision."""

    due_at: datetime
    reason: str
    requested_by: str
    requested_at: datetime


def ask(*, present: datetime, due_at: datetime, reason: str, by: str, now: datetime) -> Extension:
    """Make a request; raises DueInPast and DueUnchanged where the due time is not later than now and than the present one."""
    if due_at <= now:
        raise DueInPast(
            f"{due_at.isoformat()} has passed.",
            FieldError(
                "/due_at", "due_in_past", "The instant has passed.", "choose an instant in the future"
            ),
        )
    if due_at <= present:
        raise DueUnchanged(
            f"An extension is later than {present.isoformat()}, the present due time.",
            FieldError(
                "/due_at", "due_unchanged", "Not later than the present due time.", "choose a later one"
            ),
        )
    return Extension(due_at, reason, by, now)
