"""Where rules and use cases get the time from."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Says the present instant, aware and in UTC."""


def utc_now() -> datetime:
    """Tell the present instant in UTC: the clock of every real process."""
    return datetime.now(UTC)
