import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from benchmarks.load.arrivals import Schedule
from benchmarks.load.check import check
from benchmarks.load.complaints import pool
from benchmarks.load.ledger import LEDGER, read_ledger
from benchmarks.load.play import Bounds, Run
from benchmarks.load.sizes import measure
from benchmarks.load.story import Story
from benchmarks.load.target import find_target
from local.postgres import Server
from tests.support.running import RunningSystem, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(400)]

FORGET = "UPDATE complaint SET serial = NULL WHERE id = '{}'"
DOUBLE = """
    INSERT INTO triage_decision (id, complaint_id, ordinal, trigger, outcome, rule, reason, explanation,
                                 policy_version, decided_at, nonconformity_id)
    SELECT gen_random_uuid(), complaint_id, ordinal + 7, trigger, outcome, rule, reason, explanation,
           policy_version, decided_at, nonconformity_id
    FROM triage_decision WHERE complaint_id = '{}' AND trigger = 'received'
"""


@pytest.fixture
async def system() -> AsyncIterator[RunningSystem]:
    async with running_system() as running:
        yield running


async def test_a_killed_intake_loses_nothing_and_what_is_lost_or_doubled_is_found(
    system: RunningSystem, tmp_path: Path
) -> None:
    target = find_target(system.home)
    story = Story("load-soak", pool(7, {}), target.intake_key)
    run = Run(
        target,
        Schedule(rate=20.0, seconds=20.0, most=1_000),
        story,
        tmp_path,
        Bounds(connections=8, patience=60.0),
    )
    playing = asyncio.create_task(run.play())
    await until(
        lambda: (tmp_path / LEDGER).exists() and (tmp_path / LEDGER).stat().st_size > 10_000,
        seconds=60,
        what="some complaints are accepted",
    )
    await system.kill("intake")
    figures = await playing
    await system.ready()
    told = read_ledger(tmp_path / LEDGER)
    slowest = max(latency.p99 for latency in figures.kinds.values())
    assert figures.faults or slowest > 500, "the kill was not felt"
    assert figures.accepted > 50
    verdict = await asyncio.to_thread(check, told, target, within=90.0)
    assert verdict.fine, "\n".join(verdict.lines())

    complaints, sizes = await measure(target.databases)
    assert complaints == verdict.found
    assert {size.database for size in sizes} == {"intake", "capa", "notifier", "log"}

    lost, doubled, *_ = (next(iter(told.accepted[number])) for number in sorted(told.accepted))
    server = Server(system.home / "postgres")
    server.execute(FORGET.format(UUID(lost)), database="redress_intake")
    server.execute(DOUBLE.format(UUID(doubled)), database="redress_capa")
    planted = await asyncio.to_thread(check, told, target, within=1.0)
    assert set(planted.findings) == {"accepted and not in intake", "decided about more than once"}
