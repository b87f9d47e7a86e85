"""Where rules and use cases get the time from."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], datetime]
"""Says the present instant, aware and in UTC."""


def utc_now() -> datetime:
    """Tell the present instant in UTC: the clock of every real process."""
    return datetime.now(UTC)


@lru_cache(maxsize=1024)  # one request says the same few instants in its answer, its history and its event
def instant_text(at: datetime) -> str:
    """Write an aware instant as RFC 3339 text in UTC, always to the microsecond, so that equal instants read alike."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
