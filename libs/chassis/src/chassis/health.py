"""Is the process alive, is it ready, and what does it measure: what probes and Prometheus ask."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.database import ping
from chassis.migrations import SchemaBehind, schema_is_current
from chassis.run import Beat, Loop, waited_for, watched_loop
from chassis.telemetry import REGISTRY, dependency_metric, loop_metrics, render_metrics

Check = Callable[[], Awaitable[None]]
"""Returns where all is well, and raises what is not."""

CHECK_TIMEOUT_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 10.0
_FRESH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of all checks: for each what fails, or an empty text."""

    failures: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return not any(self.failures.values())

    def respond(self) -> Response:
        """Write the report as 200 or 503, naming each check."""
        checks = {name: failure or "ok" for name, failure in self.failures.items()}
        body = orjson.dumps({"status": "ok" if self.ok else "failing", "checks": checks})
        status = 200 if self.ok else 503
        return Response(body, status, {"Cache-Control": "no-store"}, "application/json")


class Health:
    """Answers the probes: live while every loop gives signs of life, ready while every check passes."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        loops: Sequence[Loop] = (),
        *,
        registry: CollectorRegistry = REGISTRY,
        timeout_seconds: float = CHECK_TIMEOUT_SECONDS,
    ) -> None:
        self._checks = dict(checks)
        self._loops = tuple(loops)
        self._timeout = timeout_seconds
        self._metric = dependency_metric(registry)
        self._under_way: asyncio.Task[Report] | None = None
        self._report: tuple[float, Report] | None = None
        for name in self._checks:
            self._metric.expect(name)
        silence = loop_metrics(registry).silence
        for loop in self._loops:
            silence.labels(loop.name).set_function(loop.heartbeat.silence)

    def live(self) -> Report:
        """Say which loop has been silent for longer than it may; that this answers shows that the event loop turns."""
        return Report({"event_loop": ""} | {loop.name: loop.heartbeat.complaint() for loop in self._loops})

    async def ready(self) -> Report:
        """Run the checks, at most once a second however many ask, each within its bound."""
        if self._report is not None and time.monotonic() - self._report[0] < _FRESH_SECONDS:
            return self._report[1]
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._ask_all())
        return await asyncio.shield(self._under_way)

    async def watch(self, stop: asyncio.Event, beat: Beat) -> None:
        """Keep `dependency_up` true until stopped, whether or not anybody probes."""
        while not stop.is_set():
            beat()
            await self.ready()
            await waited_for(stop, WATCH_SECONDS)

    async def _ask_all(self) -> Report:
        answers = await asyncio.gather(*(self._ask(check) for check in self._checks.values()))
        report = Report(dict(zip(self._checks, answers, strict=True)))
        for name, failure in report.failures.items():
            self._metric.set(name, up=not failure)
        self._report = (time.monotonic(), report)
        return report

    async def _ask(self, check: Check) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                await check()
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except SchemaBehind as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return type(error).__name__
        return ""


def database_check(engine: AsyncEngine) -> Check:
    """Make the check that the database answers."""

    async def check() -> None:
        await ping(engine)

    return check


def schema_check(engine: AsyncEngine, package: str) -> Check:
    """Make the check that the database has the package's migrations."""

    async def check() -> None:
        if not await schema_is_current(engine, package):
            raise SchemaBehind(package)

    return check


def watch_loop(health: Health) -> Loop:
    """Make the loop that keeps `dependency_up` true."""
    return watched_loop("dependencies", health.watch, longest_turn_seconds=WATCH_SECONDS + 60)


def operations_app(health: Health, registry: CollectorRegistry = REGISTRY) -> Starlette:
    """Make the application for the metrics port: `/metrics` and both probes, for roles with an API and without."""

    async def metrics(request: Request) -> Response:
        return render_metrics(request, registry)

    return Starlette(routes=[Route("/metrics", metrics), *health_routes(health)])


def health_routes(health: Health) -> list[Route]:
    """Make the routes `/health/live` and `/health/ready`."""

    async def live(_: Request) -> Response:
        return health.live().respond()

    async def ready(_: Request) -> Response:
        return (await health.ready()).respond()

    return [Route("/health/live", live), Route("/health/ready", ready)]
