"""What the relay leaves alone for a while, because the transport refuses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from events.backoff import delay

Held = tuple[str, str | None]
"""A topic, and the key whose records wait; None where all of the topic do."""


@dataclass(frozen=True, slots=True)
class _Hold:
    until: datetime
    times: int


class Holds:
    """Each refusal makes the next attempt come later, up to a longest delay; times in seconds."""

    def __init__(self, *, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._holds: dict[Held, _Hold] = {}

    def __len__(self) -> int:
        return len(self._holds)

    def waiting(self, now: datetime) -> Iterator[Held]:
        """Tell what is left alone at this moment."""
        return (held for held, hold in self._holds.items() if hold.until > now)

    def hold(self, held: Held, now: datetime) -> None:
        """Leave it alone from now on, for longer each time."""
        times = self._holds[held].times + 1 if held in self._holds else 1
        seconds = delay(times, first=self._first, longest=self._longest)
        self._holds[held] = _Hold(now + timedelta(seconds=seconds), times)

    def release(self, topic: str, key: str) -> None:
        """Forget what was held of a topic and key that the transport has taken a record of."""
        self._holds.pop((topic, key), None)
        self._holds.pop((topic, None), None)
