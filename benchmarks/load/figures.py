"""What a run came to, in figures that a file keeps."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.tables import percentile
from local.places import read_json, write_json

FIGURES: Final = "figures.json"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the intended time to the answer, and how many answers there were."""

    number: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """Rank what was measured; whatever never came took for ever."""
        p50, p95, p99 = (percentile(seconds, share) * 1000 for share in (0.5, 0.95, 0.99))
        return cls(len(seconds), p50, p95, p99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run. Rates are complaints a second, times milliseconds, CPU seconds.

    `kinds` has the latency of each kind of request, `faults` how many requests ended in which status or fault,
    `waiting` how many events waited in each outbox and before each consumer when the sending ended, as the gauges
    last saw them, `undecided` how many complaints capa had not decided about then, `drained` the seconds after that
    until there were none. Infinity stands for never, and for what cannot be known; in the file it is -1.
    """

    run: str
    began_at: str
    machine: str
    complaints: str
    rate: float
    seconds: float
    sent: int
    accepted: int
    held: float
    kinds: Mapping[str, Latency]
    faults: Mapping[str, int] = field(default_factory=Counter)
    decided: Latency = Latency(0, 0.0, 0.0, 0.0)
    decided_of: int = 0
    cpu: Mapping[str, float] = field(default_factory=dict)
    undecided: float = 0.0
    waiting: Mapping[str, float] = field(default_factory=dict)
    drained: float = 0.0
    interrupted: bool = False

    def keep(self, folder: Path) -> None:
        """Write the figures into the run's folder."""
        write_json(folder / FIGURES, _finite(asdict(self)))


def read_figures(folder: Path) -> Figures:
    """Read a run's figures; raises ValueError where the folder has none."""
    found = read_json(folder / FIGURES)
    if found is None:
        raise ValueError(f"{folder} holds no figures: is it the folder of a run that has ended?")
    return Figures(
        **found
        | {
            "kinds": {kind: _latency(value) for kind, value in found["kinds"].items()},
            "decided": _latency(found["decided"]),
            "drained": _never(found["drained"]),
            "undecided": _never(found["undecided"]),
        }
    )


def _latency(value: Mapping[str, Any]) -> Latency:
    return Latency(value["number"], _never(value["p50"]), _never(value["p95"]), _never(value["p99"]))


def _never(value: float) -> float:
    return math.inf if value < 0 else value


def _finite(value: Any) -> Any:
    """JSON knows no infinity."""
    match value:
        case float() if not math.isfinite(value):
            return -1.0
        case dict():
            return {name: _finite(part) for name, part in value.items()}
        case _:
            return value
