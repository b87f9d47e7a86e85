import asyncio
import math
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from benchmarks.load.arrivals import Kind, Mix, Schedule
from benchmarks.load.complaints import Pool
from benchmarks.load.figures import read_figures
from benchmarks.load.ledger import LEDGER, read_ledger
from benchmarks.load.play import Bounds, Run
from benchmarks.load.story import Story
from benchmarks.load.target import Target
from tests.benchmarks.load.slow_server import SlowServer, slow_server

POOL = Pool([{"channel": "web", "product": "loan"}], "one complaint")
SCHEDULE = Schedule(rate=100.0, seconds=0.5, most=1_000, seed=3, mix=Mix(0.0, 0.0, 0.0, 0.0))
BOUNDS = Bounds(connections=2, timeout=0.5, patience=0.0, probes=0.0)


def run_on(server: SlowServer, folder: Path, schedule: Schedule = SCHEDULE, bounds: Bounds = BOUNDS) -> Run:
    target = Target(intake=(server.address,), capa=server.address, intake_key="k", capa_key="k")
    return Run(target, schedule, Story("load-1", POOL, "k"), folder, bounds)


def noted(folder: Path, event: str) -> list[dict[str, float]]:
    lines = [orjson.loads(line) for line in (folder / LEDGER).read_bytes().splitlines()]
    return [line for line in lines if line["event"] == event]


async def test_slow_answers_do_not_slow_the_arrivals(tmp_path: Path) -> None:
    async with slow_server(silent=True) as server:
        figures = await run_on(server, tmp_path).play()
    # Two connections and no answer at all: a client that waits for answers would have sent two.
    # Sending one after another would take the timeout for each, 25 s in all; the schedule takes half a second.
    assert figures.seconds < 10.0
    assert figures.sent == len(list(SCHEDULE)) == len(noted(tmp_path, "sent"))
    assert [line["at"] for line in noted(tmp_path, "sent")] == [round(each.at, 4) for each in SCHEDULE]


async def test_a_latency_counts_from_the_intended_time_and_so_holds_the_wait_for_a_connection(
    tmp_path: Path,
) -> None:
    async with slow_server(after=0.02) as server:
        figures = await run_on(server, tmp_path, bounds=replace(BOUNDS, connections=1, timeout=5.0)).play()
    # One connection answers 50 a second of the 100 that arrive: the last ones wait for half of all the others.
    assert figures.kinds[Kind.HAND_OVER.value].p99 > 200.0


async def test_what_failed_counts_as_having_taken_for_ever(tmp_path: Path) -> None:
    async with slow_server(silent=True) as server:
        figures = await run_on(server, tmp_path).play()
    assert math.isinf(figures.kinds[Kind.HAND_OVER.value].p50)
    assert (sum(figures.faults.values()), figures.accepted) == (figures.sent, 0)


async def test_the_ledger_tells_of_every_request_and_the_figures_are_kept(tmp_path: Path) -> None:
    schedule = replace(SCHEDULE, mix=Mix())
    async with slow_server() as server:
        figures = await run_on(server, tmp_path, schedule).play()
    assert len(noted(tmp_path, "answered")) == len(list(schedule)) == len(server.requests)
    told = read_ledger(tmp_path / LEDGER)
    assert (told.ended, len(told.accepted)) == (True, figures.accepted)
    assert read_figures(tmp_path) == figures


async def test_a_stopped_run_ends_at_once_and_says_so(tmp_path: Path) -> None:
    async with slow_server() as server:
        run = run_on(server, tmp_path, replace(SCHEDULE, seconds=600.0))
        playing = asyncio.create_task(run.play())
        async with asyncio.timeout(10):
            while not server.requests:
                await asyncio.sleep(0.01)
            run.stop()
            figures = await playing
    assert figures.interrupted
    assert len(noted(tmp_path, "answered")) == len(noted(tmp_path, "sent"))


@pytest.mark.parametrize("most", [1, 5])
async def test_no_more_complaints_are_sent_than_allowed(tmp_path: Path, most: int) -> None:
    async with slow_server() as server:
        figures = await run_on(server, tmp_path, replace(SCHEDULE, most=most)).play()
    assert figures.sent == len(server.requests) == most
