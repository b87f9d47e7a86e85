"""The gauges of what is open."""

from capa.jobs.gauges import ACTIONS, NONCONFORMITIES, KeepGauges
from tests.capa.world import World


async def test_open_actions_are_counted_by_whether_they_are_overdue(world: World) -> None:
    job = KeepGauges(world.records, world.clock)
    action = await world.an_action()

    async def counted() -> tuple[float, float, float]:
        await job.count()
        late, in_time = (ACTIONS.labels(overdue)._value.get() for overdue in ("true", "false"))
        return NONCONFORMITIES._value.get(), late, in_time

    before = await counted()
    world.clock.now = action.due.at.replace(year=2027)
    assert [before, await counted()] == [(1, 0, 1), (1, 1, 0)]
