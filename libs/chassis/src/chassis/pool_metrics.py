"""How much of its connection pools a process uses."""

import weakref
from collections.abc import Callable
from typing import Final, cast
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from chassis.telemetry import REGISTRY


class PoolMetrics:
    """`database_pool_connections` and `database_pool_size`; get it with `pool_metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._connections = Gauge(
            "database_pool_connections",
            "Connections that a pool of this process has open, by whether somebody uses them.",
            ("pool", "state"),
            registry=registry,
        )
        self._size = Gauge(
            "database_pool_size",
            "Connections that a pool of this process may have open; whoever wants one more has to wait.",
            ("pool",),
            registry=registry,
        )

    def watch(self, engine: AsyncEngine, pool: str) -> None:
        """Show an engine's pool under a name, for as long as the engine lives."""
        self._connections.labels(pool, "in_use").set_function(_reading(engine, QueuePool.checkedout))
        self._connections.labels(pool, "idle").set_function(_reading(engine, QueuePool.checkedin))
        self._size.labels(pool).set_function(_reading(engine, QueuePool.size))


def _reading(engine: AsyncEngine, read: Callable[[QueuePool], int]) -> Callable[[], float]:
    # An engine that is disposed of gets another pool, so that the engine is what is kept.
    kept = weakref.ref(engine.sync_engine)

    def number() -> float:
        engine = kept()
        return 0.0 if engine is None else float(read(cast("QueuePool", engine.pool)))

    return number


_POOLS: Final[WeakKeyDictionary[CollectorRegistry, PoolMetrics]] = WeakKeyDictionary()


def pool_metrics(registry: CollectorRegistry = REGISTRY) -> PoolMetrics:
    """Give the registry's pool metrics, made on first use."""
    if registry not in _POOLS:
        _POOLS[registry] = PoolMetrics(registry)
    return _POOLS[registry]
