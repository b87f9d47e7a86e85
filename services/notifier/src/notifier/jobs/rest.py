"""How a loop waits for work."""

from datetime import datetime


def seconds_until(moment: datetime | None, now: datetime, longest: float) -> float:
    """Tell how long to sleep: until the moment, at most `longest` seconds."""
    if moment is None:
        return longest
    return min(max((moment - now).total_seconds(), 0.0), longest)
