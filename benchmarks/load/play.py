"""Plays a schedule: sends each request at its time, whatever became of those before, and writes everything down."""

import asyncio
import math
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.__main__ import machine
from benchmarks.load.arrivals import Arrival, Kind, Schedule
from benchmarks.load.connections import Answer, Connections
from benchmarks.load.figures import Figures, Latency
from benchmarks.load.gauges import GAUGES_EVERY, Gauges, Reading
from benchmarks.load.ledger import LEDGER, Ledger
from benchmarks.load.machine_use import cpu_seconds
from benchmarks.load.probes import Probes
from benchmarks.load.story import WRITES, Story
from benchmarks.load.target import Target

_LOOK: Final = 0.5
"""Seconds after which a long pause is interrupted to see whether to stop, and between two looks at what waits."""
_SUCCESS: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a run never exceeds: connections, seconds for an answer, and seconds at the end for what is not yet decided."""

    connections: int = 32
    timeout: float = 10.0
    patience: float = 30.0
    probes: float = 5.0
    """Complaints a second whose decision is waited for."""


@dataclass(slots=True)
class Outcome:
    """What was seen so far."""

    seconds: dict[Kind, list[float]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    accepted: int = 0
    held: int = 0
    """Accepted before the sending ended: what came later was not held, only caught up with."""
    sending: bool = True


class Run:
    """One run against a target; its ledger and figures stay in `folder`."""

    def __init__(
        self, target: Target, schedule: Schedule, story: Story, folder: Path, bounds: Bounds = Bounds()
    ) -> None:
        self._target = target
        self._schedule = schedule
        self._story = story
        self._folder = folder
        self._bounds = bounds
        self._ledger = Ledger(folder / LEDGER)
        self._outcome = Outcome()
        self._under_way: set[asyncio.Future[Answer]] = set()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Send nothing more; what is under way is waited for and written down."""
        self._stop.set()

    async def play(self) -> Figures:
        """Send everything, wait within the bounds for what follows, and give the figures."""
        began_at = datetime.now(UTC)
        self._folder.mkdir(parents=True, exist_ok=True)
        gauges = Gauges(self._target.metrics)
        before, cpu = await gauges.read(), cpu_seconds(self._target.home)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._ledger.writing())
            self._ledger.note("begun", run=self._story.run, at=began_at.isoformat(), **self._asked())
            intake = await stack.enter_async_context(
                Connections(self._target.intake, self._bounds.connections, timeout=self._bounds.timeout)
            )
            capa = await stack.enter_async_context(Connections([self._target.capa], 1))
            probes = Probes(capa, self._target.capa_key, per_second=self._bounds.probes)
            watching = asyncio.create_task(probes.run())
            stack.callback(watching.cancel)
            seconds = await self._send(intake, probes)
            await self._all_answered()
            at_end, accepted = await gauges.read(), self._outcome.accepted
            if watching.done():
                watching.result()
            await probes.settle(self._bounds.patience, self._stop)
            drained = await self._drain(gauges, before)
            after = await gauges.read()
            self._ledger.note("ended", at=datetime.now(UTC).isoformat(), interrupted=self._stop.is_set())
        figures = Figures(
            run=self._story.run,
            began_at=began_at.isoformat(timespec="seconds"),
            machine=machine(),
            complaints=self._story.pool.said,
            rate=self._schedule.rate,
            seconds=round(seconds, 3),
            sent=self._outcome.sent,
            accepted=self._outcome.accepted,
            held=self._outcome.held / seconds,
            kinds={kind.value: Latency.of(found) for kind, found in self._outcome.seconds.items()},
            faults=dict(self._outcome.faults),
            decided=Latency.of(probes.seconds),
            decided_of=sum(1 for second in probes.seconds if math.isfinite(second)),
            cpu=_used(before.cpu | cpu, after.cpu | cpu_seconds(self._target.home)),
            undecided=_undecided(accepted, at_end.decided_since(before)),
            waiting=_waiting(at_end),
            drained=drained,
            interrupted=self._stop.is_set(),
        )
        figures.keep(self._folder)
        return figures

    async def _send(self, intake: Connections, probes: Probes) -> float:
        """Send at the intended times; gives the seconds that it took."""
        began = time.perf_counter()
        for number, arrival in enumerate(self._schedule):
            intended = began + arrival.at
            # A long pause in pieces, so that Ctrl-C is heard.
            while (pause := intended - time.perf_counter()) > 0 and not self._stop.is_set():  # noqa: ASYNC110 - it waits for the time
                await asyncio.sleep(min(pause, _LOOK))
            if self._stop.is_set():
                break
            self._outcome.sent += arrival.kind is Kind.HAND_OVER
            self._ledger.note(
                "sent",
                n=number,
                kind=arrival.kind,
                complaint=self._story.subject(arrival),
                writes=arrival.kind in WRITES,
                at=round(arrival.at, 4),
            )
            answer = intake.call(self._story.request(arrival))
            self._under_way.add(answer)
            answer.add_done_callback(partial(self._answered, number, arrival, intended, probes))
        if not self._stop.is_set():
            await asyncio.sleep(max(0.0, began + self._schedule.seconds - time.perf_counter()))
        self._outcome.sending = False
        return time.perf_counter() - began

    def _answered(
        self,
        number: int,
        arrival: Arrival,
        intended: float,
        probes: Probes,
        answered: "asyncio.Future[Answer]",
    ) -> None:
        self._under_way.discard(answered)
        answer = answered.result()
        success = answer.status in _SUCCESS
        identity = str(orjson.loads(answer.body)["id"]) if success and arrival.kind in WRITES else None
        # From when it should have been sent: a request that waited for its turn has waited, and is not left out.
        taken = answer.ended_at - intended
        self._outcome.seconds.setdefault(arrival.kind, []).append(taken if success else math.inf)
        if not success:
            self._outcome.faults[answer.fault or str(answer.status)] += 1
        elif arrival.kind is Kind.HAND_OVER and identity:
            self._outcome.accepted += 1
            self._outcome.held += self._outcome.sending
            probes.take(identity, answer.ended_at)
        values: dict[str, Any] = {"id": identity} if identity else {}
        self._ledger.note(
            "answered",
            n=number,
            complaint=self._story.subject(arrival),
            status=answer.status,
            fault=answer.fault,
            seconds=round(taken, 4),
            **values,
        )

    async def _all_answered(self) -> None:
        """Every call ends by itself within the timeout, one way or another."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=2 * self._bounds.timeout)

    async def _drain(self, gauges: Gauges, before: Reading) -> float:
        """Wait until capa has decided about every accepted complaint, or in vain; gives the seconds.

        The counter of a service that was started anew says nothing; then the gauges of what waits are believed, once
        they are surely newer than the last request.
        """
        began = time.perf_counter()
        while (taken := time.perf_counter() - began) <= self._bounds.patience and not self._stop.is_set():
            now = await gauges.read()
            decided = now.decided_since(before) or 0.0
            if decided >= self._outcome.accepted or (taken > GAUGES_EVERY and not now.waiting):
                return time.perf_counter() - began
            await asyncio.sleep(_LOOK)
        return math.inf

    def _asked(self) -> dict[str, Any]:
        schedule = self._schedule
        return {
            "rate": schedule.rate,
            "seconds": schedule.seconds,
            "most": schedule.most,
            "seed": schedule.seed,
            "mix": {kind.value: share for kind, share in schedule.mix.others.items()},
            "day": schedule.day,
            "complaints": self._story.pool.said,
        }


def _undecided(accepted: int, decided: float | None) -> float:
    return math.inf if decided is None else max(0.0, accepted - decided)


def _waiting(reading: Reading) -> dict[str, float]:
    outboxes = {f"outbox {name}": value for name, value in reading.outbox.items()}
    return outboxes | {f"lag {name}": value for name, value in reading.lag.items()}


def _used(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Subtract; a process that was started anew counts from nothing."""
    return {
        name: round(seconds - before.get(name, 0.0) if seconds >= before.get(name, 0.0) else seconds, 2)
        for name, seconds in after.items()
    }
