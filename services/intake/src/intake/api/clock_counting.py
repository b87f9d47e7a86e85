"""What is counted of the clocks of complaints."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter

from intake.domain.clocks.clock import OPEN, Clock, ClockState
from intake.domain.clocks.rule import Kind

ENDED: Final = Counter(
    "complaint_clocks_ended_total",
    "Clocks of complaints that ended in this process, by their kind and by what came of them: met in time, missed (done late, "
    "or stopped when it was late already), or voided because nothing has to be done any more.",
    ["clock", "verdict"],
)
for _kind in Kind:
    for _state in ClockState:
        if _state not in OPEN:
            ENDED.labels(_kind.value, _state.value)


def count_verdicts(clocks: Iterable[Clock]) -> None:
    """Count clocks that ended."""
    for clock in clocks:
        ENDED.labels(clock.rule.kind.value, clock.state.value).inc()
