"""What must hold of open deadlines, and what an audit finds where it does not."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

LATE_AFTER: Final = timedelta(minutes=10)
"""How long after its moment a timer or a message is late."""


class Finding(StrEnum):
    """A rule that was broken.

    STEP_MISSING: an open deadline has a step of its ladder that neither waits nor has ended, so that nobody would be
    told. TIMER_STUCK: a step is tried no more. TIMER_LATE and DELIVERY_LATE: something waits long after its moment.
    """

    STEP_MISSING = "step_missing"
    TIMER_STUCK = "timer_stuck"
    TIMER_LATE = "timer_late"
    DELIVERY_LATE = "delivery_late"
