"""Prints what one role of a service exports before it has done anything, as JSON: `role_metrics.py intake worker`.

The role is put together by the service's own wiring, without a database, and its registry is read as a scrape reads it.
Each role needs a process of its own, since a process has one registry.
"""

import asyncio
import importlib
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from prometheus_client import REGISTRY, CollectorRegistry, Metric

from chassis.run import Loop, announce_loops
from chassis.serving import api_loop, operations_loops
from chassis.settings import ServiceSettings
from chassis.telemetry import announce_build
from events.wake import Wake
from events.worker_metrics import WorkerMetrics
from intake.db.work import Bells
from notifier.db.work import Wakes

ROOT: Final = Path(__file__).resolve().parent.parent
SETTINGS: Final = {"intake": "IntakeSettings", "capa": "CapaSettings", "notifier": "Settings"}
# Nothing is connected, so that any place will do.
DATABASE: Final = "postgresql://nobody@127.0.0.1/nothing"
# What a loop needs that a service has only on wish.
FURTHER: Final = {"intake": {"attachment_store": "folder", "attachment_folder": ROOT / "nowhere"}}


async def build(service: str, role: str, keys_file: Path) -> None:
    """Put a role together as its process does."""
    wiring = importlib.import_module(f"{service}.wiring")
    settings = getattr(importlib.import_module(f"{service}.settings"), SETTINGS[service])(
        database_url=DATABASE,
        log_database_url=DATABASE,
        pepper="for documents alone, where it guards nothing",
        config_dir=ROOT / "config",
        keys_file=keys_file,
        **FURTHER.get(service, {}),
    )
    announce_build(service, wiring.VERSION, settings.commit)
    async with AsyncExitStack() as stack:
        if role == "api":
            announce_loops(api_loops(wiring, settings))
        else:
            announce_loops(await worker_loops(wiring, settings, stack))


def core_of(wiring: ModuleType, settings: ServiceSettings, role: str) -> Any:
    """Open what a role works with."""
    bells: Mapping[str, Mapping[str, Any]] = {
        "intake": {"wake": Bells()},
        "capa": {"wake": Wake()},
        "notifier": {"wakes": Wakes()},
    }
    return wiring.open_core(settings, role=role, **bells[wiring.SERVICE])


def api_loops(wiring: ModuleType, settings: ServiceSettings) -> Sequence[Loop]:
    """Build what `main.py` runs."""
    core = core_of(wiring, settings, "api")
    health = wiring.build_health(core)
    return [api_loop(settings, wiring.build_app(core, health)), *operations_loops(settings, health)]


async def worker_loops(
    wiring: ModuleType, settings: ServiceSettings, stack: AsyncExitStack
) -> Sequence[Loop]:
    """Build what `worker.py` runs."""
    core = core_of(wiring, settings, "worker")
    channels = (
        [await stack.enter_async_context(wiring.open_webhooks(core))]
        if hasattr(wiring, "open_webhooks")
        else []
    )
    loops = wiring.build_loops(core, wiring.build_transport(core), *channels)
    health = wiring.build_health(core_of(wiring, settings, "probe"), loops)
    return [*operations_loops(settings, health), *loops]


def described(registry: CollectorRegistry) -> Iterator[Mapping[str, Any]]:
    """Describe every metric of a registry by its declaration and the series that it has now."""
    # The library tells the names of labels only with a series, and some metrics have none yet.
    for collector in registry._collector_to_names:  # noqa: SLF001
        if isinstance(collector, WorkerMetrics):
            yield from described(collector.registry)
        else:
            for metric in collector.collect():
                yield describe(metric, getattr(collector, "_labelnames", ()))


def describe(metric: Metric, declared: Iterable[str]) -> Mapping[str, Any]:
    """Describe one metric; a histogram's bounds are no label of its own."""
    labels: dict[str, set[str]] = {name: set() for name in declared}
    for sample in metric.samples:
        for name, value in sample.labels.items():
            if name != "le":
                labels.setdefault(name, set()).add(value)
    bounds = {sample.labels["le"]: None for sample in metric.samples if "le" in sample.labels}
    return {
        "name": f"{metric.name}_total" if metric.type == "counter" else metric.name,
        "type": metric.type,
        "help": metric.documentation,
        "labels": {name: sorted(values) for name, values in labels.items()},
        "buckets": list(bounds),
    }


def main(service: str, role: str) -> None:
    """Print what the role exports."""
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        keys.write_text('{"keys": []}')
        asyncio.run(build(service, role, keys))
    print(json.dumps(list(described(REGISTRY))))


if __name__ == "__main__":
    main(*sys.argv[1:])
