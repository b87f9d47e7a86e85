"""When what arrives: a Poisson process from a seed, which knows nothing of the answers and so never waits for one."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HOURS: Final = (2, 1, 1, 1, 1, 2, 3, 5, 8, 10, 11, 10, 8, 9, 10, 9, 8, 6, 5, 4, 4, 3, 3, 2)
"""How an organisation's day runs, hour by hour, in parts: few complaints at night, most before noon."""

_LAG: Final = 100.0
"""How many complaints ago, on average, was what a CRM comes back to."""


class Kind(StrEnum):
    """What a CRM does."""

    HAND_OVER = "hand over"
    READ = "read"
    REPEAT = "repeat"
    AMEND = "amend"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Mix:
    """How many other requests there are for one complaint that is handed over."""

    read: float = 0.5
    repeat: float = 0.05
    amend: float = 0.1
    list: float = 0.05

    @property
    def others(self) -> dict[Kind, float]:
        """The shares by kind."""
        return {
            Kind.READ: self.read,
            Kind.REPEAT: self.repeat,
            Kind.AMEND: self.amend,
            Kind.LIST: self.list,
        }


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: its intended time in seconds from the start, and the complaint that it is about, from 0."""

    at: float
    kind: Kind
    complaint: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What is asked of a run; the same values give the same arrivals.

    `rate` is new complaints a second on average, `seconds` the length, `most` bounds the complaints, and `day`
    compresses a day's rise and fall into so many seconds; without it the rate is even.
    """

    rate: float
    seconds: float
    most: int
    seed: int = 7
    mix: Mix = Mix()
    day: float | None = None

    def __iter__(self) -> Iterator[Arrival]:
        """Give the arrivals in order of time."""
        chance = random.Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        kinds = {Kind.HAND_OVER: 1.0, **self.mix.others}
        names, shares = list(kinds), list(kinds.values())
        peak = max(HOURS) / _mean() if self.day else 1.0
        highest = self.rate * sum(shares) * peak
        at, complaints = 0.0, 0
        while True:
            at += chance.expovariate(highest)
            if at >= self.seconds:
                return
            # Thinning: drawn at the day's highest rate, and kept as often as the hour's rate is of that.
            if self.day and chance.random() * peak >= self.weight(at):
                continue
            kind = chance.choices(names, shares)[0]
            lag = chance.expovariate(1 / _LAG)
            if kind is Kind.HAND_OVER:
                if complaints == self.most:
                    return
                yield Arrival(at, kind, complaints)
                complaints += 1
            elif complaints:
                yield Arrival(at, kind, max(0, complaints - 1 - math.floor(lag)))

    def weight(self, at: float) -> float:
        """Tell how the rate at this time relates to the average."""
        if not self.day:
            return 1.0
        return HOURS[int(at / self.day * len(HOURS)) % len(HOURS)] / _mean()


def _mean() -> float:
    return sum(HOURS) / len(HOURS)
