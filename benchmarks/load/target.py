"""Where the load goes: the system that `make run` started, or whatever on loopback the environment names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.load.loopback import Address, loopback, loopback_database
from local.places import places, read_json

INTAKE: Final = "REDRESS_LOAD_INTAKE_URL"
CAPA: Final = "REDRESS_LOAD_CAPA_URL"
METRICS: Final = "REDRESS_LOAD_METRICS_URLS"
INTAKE_KEY: Final = "REDRESS_LOAD_INTAKE_KEY"
CAPA_KEY: Final = "REDRESS_LOAD_CAPA_KEY"
DATABASES: Final = "REDRESS_LOAD_{}_DATABASE_URL"
SERVICES: Final = ("intake", "capa", "notifier")


class NoTargetError(Exception):
    """It is not known where to send the load, or with which key; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The APIs with a key for each, and what can be seen of the processes behind them.

    `metrics` and `databases` are by service; several addresses of one service are its replicas. `home` is where
    `make run` keeps its data.
    """

    intake: tuple[Address, ...]
    capa: Address
    intake_key: str
    capa_key: str
    metrics: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    databases: Mapping[str, str] = field(default_factory=dict)
    home: Path | None = None


def find_target(home: Path | None = None, environment: Mapping[str, str] = os.environ) -> Target:
    """Read the environment, else `run.json` of `make run`; raises NoTargetError or NotLoopbackError."""
    if environment.get(INTAKE):
        return _named(environment)
    where = places(home)
    run = read_json(where.run)
    if run is None:
        raise NoTargetError(
            f"Nothing runs in {where.home.name}: `make run` starts it, or set {INTAKE}, {CAPA}, {INTAKE_KEY} and {CAPA_KEY}."
        )
    return _of_run(run, where.home)


def _of_run(run: Mapping[str, Any], home: Path) -> Target:
    services, keys = run["services"], run["keys"]
    if not {"crm", "quality"} <= keys.keys():
        raise NoTargetError(f"This system runs with keys of its own: set {INTAKE} and the others.")
    return Target(
        intake=(loopback(services["intake"]["url"]),),
        capa=loopback(services["capa"]["url"]),
        intake_key=keys["crm"],
        capa_key=keys["quality"],
        metrics={name: (loopback(services[name]["metrics_url"]),) for name in SERVICES},
        databases={
            name.removeprefix("redress_"): loopback_database(url) for name, url in run["databases"].items()
        },
        home=home,
    )


def _named(environment: Mapping[str, str]) -> Target:
    if missing := [name for name in (CAPA, INTAKE_KEY, CAPA_KEY) if not environment.get(name)]:
        raise NoTargetError(f"{INTAKE} is set, so {' and '.join(missing)} must be too.")
    metrics: dict[str, tuple[Address, ...]] = {}
    for part in filter(None, environment.get(METRICS, "").split(",")):
        name, _, url = part.partition("=")
        metrics[name] = (*metrics.get(name, ()), loopback(url))
    return Target(
        intake=tuple(loopback(url) for url in environment[INTAKE].split(",")),
        capa=loopback(environment[CAPA]),
        intake_key=environment[INTAKE_KEY],
        capa_key=environment[CAPA_KEY],
        metrics=metrics,
        databases={
            name: loopback_database(environment[variable])
            for name in (*SERVICES, "log")
            if environment.get(variable := DATABASES.format(name.upper()))
        },
    )
