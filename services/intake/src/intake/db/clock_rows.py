"""Clocks as rows, and rows as clocks."""

from datetime import datetime, timedelta
from typing import Any, Final

from intake.domain.clocks.clock import Clock, ClockState
from intake.domain.clocks.policy import Hands
from intake.domain.clocks.rule import rule_of
from intake.domain.complaint import Severity
from worktime import Pause

CLOCK: Final = {
    "clock": "text",
    "ordinal": "integer",
    "run": "integer",
    "kind": "text",
    "state": "text",
    "generation": "integer",
    "rule": "jsonb",
    "policy_version": "text",
    "calendar": "text",
    "owner": "text",
    "team": "text",
    "ladder": "text",
    "about": "text",
    "severity": "text",
    "begun_by": "text",
    "started_at": "timestamptz",
    "due_at": "timestamptz",
    "original_due_at": "timestamptz",
    "explanation": "jsonb",
    "holds": "jsonb",
    "paused_at": "timestamptz",
    "ended_at": "timestamptz",
    "ended_by": "text",
    "by_seconds": "double precision",
    "warned_at": "timestamptz",
    "breached_at": "timestamptz",
    "extended_at": "timestamptz",
    "promised_at": "timestamptz",
    "set_at": "timestamptz",
}
"""The columns of `complaint_clock` but the complaint, with their types."""


def clock_values(clock: Clock) -> dict[str, Any]:
    """Give the columns of a clock but its complaint, as JSON can hold them."""
    values = {
        "clock": clock.name,
        "ordinal": clock.ordinal,
        "run": clock.run,
        "kind": clock.rule.kind.value,
        "state": clock.state.value,
        "generation": clock.generation,
        "rule": clock.rule.as_data(),
        "policy_version": clock.policy_version,
        "calendar": clock.calendar,
        "owner": clock.hands.owner,
        "team": clock.hands.team,
        "ladder": clock.hands.ladder,
        "about": clock.about,
        "severity": clock.severity.value,
        "begun_by": clock.begun_by,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "original_due_at": clock.original_due_at,
        "explanation": clock.explanation,
        "holds": [list(hold) for hold in clock.holds],
        "set_at": clock.set_at,
    }
    # A new clock has none of these, and what a row does not name is NULL.
    later = {
        "paused_at": clock.paused_at,
        "ended_at": clock.ended_at,
        "ended_by": clock.ended_by,
        "by_seconds": None if clock.by is None else clock.by.total_seconds(),
        "warned_at": clock.warned_at,
        "breached_at": clock.breached_at,
        "extended_at": clock.extended_at,
        "promised_at": clock.promised_at,
    }
    return values | {name: value for name, value in later.items() if value is not None}


def clock_of(row: Any) -> Clock:
    """Read a row of `complaint_clock`."""
    return Clock(
        complaint_id=row.complaint_id,
        name=row.clock,
        ordinal=row.ordinal,
        run=row.run,
        generation=row.generation,
        rule=rule_of(row.clock, row.rule),
        policy_version=row.policy_version,
        calendar=row.calendar,
        hands=Hands(row.owner, row.team, row.ladder),
        about=row.about,
        severity=Severity(row.severity),
        state=ClockState(row.state),
        begun_by=row.begun_by,
        started_at=row.started_at,
        due_at=row.due_at,
        original_due_at=row.original_due_at,
        explanation=row.explanation,
        set_at=row.set_at,
        holds=tuple(
            Pause(datetime.fromisoformat(begins), datetime.fromisoformat(ends)) for begins, ends in row.holds
        ),
        paused_at=row.paused_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        by=None if row.by_seconds is None else timedelta(seconds=row.by_seconds),
        warned_at=row.warned_at,
        breached_at=row.breached_at,
        extended_at=row.extended_at,
        promised_at=row.promised_at,
    )
