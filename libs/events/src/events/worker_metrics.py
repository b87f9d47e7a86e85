"""The metrics of what a worker does, which a process that only answers requests does not export.

There a gauge would stand at 0 because nobody keeps it, and look like good news.
"""

from collections.abc import Iterable
from typing import Final
from weakref import WeakSet

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.registry import Collector

SAME_IN_ALL: Final = "Every replica says the same of the database: aggregate with max."
"""Ends the help text of a gauge that is counted in the database."""


class WorkerMetrics(Collector):
    """A registry of its own; the process's registry shows it from the moment that a worker is built."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._exported: Final[WeakSet[CollectorRegistry]] = WeakSet()

    def collect(self) -> Iterable[Metric]:
        """Read every metric."""
        return self.registry.collect()

    def export(self, registry: CollectorRegistry = REGISTRY) -> None:
        """Show these metrics in the registry, however often this is called."""
        if registry not in self._exported:
            registry.register(self)
            self._exported.add(registry)


WORKER: Final = WorkerMetrics()
