"""The plainest rule of all: so many complaints within so long a time."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Cluster:
    """Complaints that came close together: from when to when, and the most that came in any window among them."""

    first: datetime
    last: datetime
    most: int


def clusters(times: Iterable[datetime], *, count: int, within: timedelta) -> list[Cluster]:
    """Find where `count` or more came within a window of this length, its beginning included and its end not.

    Windows that overlap are one cluster, so that a flood is told once.
    """
    found: list[Cluster] = []
    window: deque[datetime] = deque()
    for at in sorted(times):
        window.append(at)
        while at - window[0] >= within:
            window.popleft()
        if len(window) < count:
            continue
        if found and window[0] <= found[-1].last:
            found[-1] = Cluster(found[-1].first, at, max(found[-1].most, len(window)))
        else:
            found.append(Cluster(window[0], at, len(window)))
    return found
