"""Raises the rate step by step until one does not hold, and says why."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.load.arrivals import Kind
from benchmarks.load.figures import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a rate must keep to hold. Shares of the rate asked and of all requests; times in ms.

    `behind` is how many seconds' worth of complaints capa may not have decided about when the sending ends.
    """

    held: float = 0.95
    faults: float = 0.001
    p99: float = 500.0
    decided_p99: float = 10_000.0
    behind: float = 5.0

    def broken(self, run: Figures) -> list[str]:
        """Say what did not hold; nothing where all did."""
        posted = run.kinds[Kind.HAND_OVER.value]
        requests = sum(found.number for found in run.kinds.values())
        # Compared with what was sent, since a Poisson process never sends exactly what is asked.
        asked = run.sent / run.seconds
        # After a restart it cannot be known, and the decisions that were watched have to tell.
        undecided = run.undecided if math.isfinite(run.undecided) else 0.0
        reasons = {
            f"held {run.held:.1f} of {asked:.1f} complaints a second": run.held < self.held * asked,
            f"{sum(run.faults.values())} of {requests} requests failed": sum(run.faults.values())
            > self.faults * requests,
            f"p99 was {posted.p99:,.0f} ms": posted.p99 > self.p99,
            f"p99 until decided was {run.decided.p99:,.0f} ms": run.decided.p99 > self.decided_p99,
            f"{undecided:,.0f} complaints were undecided at the end": undecided > self.behind * run.rate,
        }
        return [reason for reason, is_so in reasons.items() if is_so]


def rates(first: float, last: float, factor: float) -> Iterator[float]:
    """Give the rates to try, each `factor` times the one before, the last one included."""
    rate = first
    while rate < last:
        yield rate
        rate = round(rate * factor, 1)
    yield last
