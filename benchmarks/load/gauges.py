"""What the services tell of themselves at /metrics: what waits in the outboxes, how far consumers are behind, CPU."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.load.connections import Connections
from benchmarks.load.loopback import Address
from benchmarks.load.story import get

OUTBOX: Final = "outbox_pending_messages"
LAG: Final = "consumer_lag_messages"
CPU: Final = "process_cpu_seconds_total"
DECIDED: Final = "triage_decisions_total"
GAUGES_EVERY: Final = 12.0
"""Seconds within which services renew their gauges; counters are always true."""

STARTED: Final = "process_start_time_seconds"
_WANTED: Final = (OUTBOX, LAG, CPU, DECIDED, STARTED)

Sample = tuple[str, Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at all services: outbox by service, lag by consumer group, CPU seconds and start by process.

    `decided` counts the decisions of the processes that run now.
    """

    outbox: dict[str, float] = field(default_factory=dict)
    lag: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    decided: float = 0.0

    def decided_since(self, before: "Reading") -> float | None:
        """Tell how many decisions there were since then; None where it cannot be known.

        That is so where nothing is read, or a process was started anew and counts from nothing.
        """
        known = self.started and self.started == before.started
        return self.decided - before.decided if known else None

    @property
    def waiting(self) -> float:
        """Events that are on their way, in outboxes and before consumers."""
        return sum(self.outbox.values()) + sum(self.lag.values())


class Gauges:
    """Reads the metrics of every replica; one that does not answer is left out of the reading."""

    def __init__(self, metrics: Mapping[str, Sequence[Address]]) -> None:
        self._pages = {
            f"{service}-{place}" if len(addresses) > 1 else service: (service, address)
            for service, addresses in metrics.items()
            for place, address in enumerate(addresses, start=1)
        }

    async def read(self) -> Reading:
        """Take a reading."""
        pages = await asyncio.gather(*(_page(address) for _, address in self._pages.values()))
        services = [service for service, _ in self._pages.values()]
        found = dict(zip(self._pages, map(list, map(samples, pages)), strict=True))
        reading = Reading(
            cpu={name: _total(page, CPU) for name, page in found.items() if page},
            started={name: _total(page, STARTED) for name, page in found.items() if page},
        )
        lags: dict[tuple[str, str, str], float] = {}
        decided = 0.0
        for service, page in zip(services, found.values(), strict=True):
            decided += _total(page, DECIDED)
            # Each replica tells of the same outbox, and may tell of the same partition: the largest figure counts once.
            reading.outbox[service] = max(reading.outbox.get(service, 0.0), _total(page, OUTBOX))
            for name, labels, value in page:
                if name == LAG:
                    key = (labels["group"], labels["topic"], labels["partition"])
                    lags[key] = max(lags.get(key, 0.0), value)
        for (group, _, _), value in lags.items():
            reading.lag[group] = reading.lag.get(group, 0.0) + value
        return replace(reading, decided=decided)


def samples(page: str) -> Iterator[Sample]:
    """Pick the samples that are of use; only their lines are parsed, since a page has hundreds."""
    lines = [line for line in page.splitlines() if line.startswith(_WANTED)]
    for family in text_string_to_metric_families("\n".join(lines) + "\n"):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


async def _page(address: Address) -> str:
    async with Connections([address], 1, timeout=2.0) as connections:
        answer = await connections.call(get(address.path or "/metrics"))
    return answer.body.decode() if answer.status == HTTPStatus.OK else ""


def _total(page: Sequence[Sample], name: str) -> float:
    return sum(value for found, _, value in page if found == name)
