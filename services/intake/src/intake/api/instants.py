"""Instants as JSON."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=256)  # a new complaint says the same instant several times
def instant(at: datetime | None) -> str | None:
    """Write an instant as RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
