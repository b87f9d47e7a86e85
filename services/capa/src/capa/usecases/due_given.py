"""A due time as a person gives it: an instant, or a duration from now."""

from datetime import datetime
from typing import assert_never

from capa.domain.due import Due, chosen, counted
from capa.domain.policy import TriagePolicy
from worktime.durations import Duration


def due_given(policy: TriagePolicy, due: datetime | Duration, now: datetime) -> Due:
    """Take an instant as it is, and count a duration in the policy's calendar."""
    match due:
        case datetime():
            return chosen(policy.calendar, policy.version, now, due)
        case Duration():
            return counted(policy.calendar, policy.version, now, due)
        case never:
            assert_never(never)
