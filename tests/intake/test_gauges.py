"""The gauges of open imports, and the counters of the API."""

from typing import Any

from prometheus_client import REGISTRY

from events.worker_metrics import WORKER
from intake.db.open_imports import PostgresOpenImports
from intake.jobs.gauges import ImportGauges
from intake.wiring import build_import
from tests.intake.importing import NDJSON, PATH, finish, lines
from tests.intake.world import World, a_complaint


async def shown(world: World) -> tuple[dict[str, float | None], float | None]:
    """Open imports by state, and how long they have not got on."""
    await ImportGauges(PostgresOpenImports(world.engine), world.clock)()
    states = {
        state: WORKER.registry.get_sample_value("bulk_imports_open", {"state": state})
        for state in ("receiving", "queued", "running")
    }
    return states, WORKER.registry.get_sample_value("bulk_import_progress_age_seconds")


async def upload(world: World) -> None:
    content = lines(a_complaint(external_id="X-1"))
    answer = await world.client("importer").post(PATH, content=content, headers=NDJSON)
    assert answer.status_code == 202, answer.text


async def test_an_import_that_waits_shows_how_long_until_it_is_done(world: World) -> None:
    nothing = {"receiving": 0, "queued": 0, "running": 0}
    before = await shown(world)
    await upload(world)
    world.clock.move(minutes=7)
    waiting = await shown(world)
    await finish(build_import(world.intake))
    assert [before, waiting, await shown(world)] == [
        (nothing, 0),
        (nothing | {"queued": 1}, 420),
        (nothing, 0),
    ]


async def test_a_queued_import_does_not_count_as_stuck_while_another_one_runs(world: World) -> None:
    await upload(world)
    world.clock.move(minutes=7)
    await upload(world)
    async with world.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE import_job SET state = 'running' WHERE created_at = (SELECT max(created_at) FROM import_job)"
        )
    world.clock.move(seconds=5)
    assert await shown(world) == ({"receiving": 0, "queued": 1, "running": 1}, 5)


async def test_a_replay_is_counted_by_what_the_first_answer_said_and_not_as_a_complaint(world: World) -> None:
    received = {"channel": "phone", "severity": "major", "outcome": "received"}

    def counted() -> tuple[float, float]:
        return (
            REGISTRY.get_sample_value("complaints_received_total", received) or 0,
            REGISTRY.get_sample_value("idempotency_replays_total", {"outcome": "received"}) or 0,
        )

    before = counted()
    body: dict[str, Any] = a_complaint(channel="phone", reported_severity="major")
    for _ in range(3):
        await world.client("crm").post("/v1/complaints", json=body, headers={"Idempotency-Key": "k-1"})
    assert [after - first for first, after in zip(before, counted(), strict=True)] == [1, 2]
