"""Capa's schema."""

from alembic import command

from chassis.migrations import WAIT_SECONDS, _exclusive, _run, check_migrations, migrate
from tests.capa.signal_world import in_month, raised, steady, take
from tests.capa.world import World


async def test_the_migrations_make_what_the_tables_in_code_say(world: World) -> None:
    assert await check_migrations(world.url, "capa") == ""


async def test_a_second_migration_finds_nothing_to_do(world: World) -> None:
    assert await migrate(world.url, "capa") == "0008"


async def test_charts_and_signals_of_before_there_were_sites_stand_as_they_were(world: World) -> None:
    await take(world, [*steady(), *in_month(1, 30)])
    assert len(await raised(world)) == 1
    await world.engine.dispose()
    async with _exclusive(world.url, "capa", WAIT_SECONDS) as connection:
        await _run(connection, "capa", lambda config: command.downgrade(config, "0004"))

    await migrate(world.url, "capa")

    assert await raised(world) == [], "it is latched still"
    rows = await world.run("SELECT site FROM chart_limits UNION ALL SELECT site FROM signal")
    assert [row.site for row in rows] == ["*", "*"]
