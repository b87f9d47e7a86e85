"""Capa's schema."""

from chassis.migrations import check_migrations, migrate
from tests.capa.world import World


async def test_the_migrations_make_what_the_tables_in_code_say(world: World) -> None:
    assert await check_migrations(world.url, "capa") == ""


async def test_a_second_migration_finds_nothing_to_do(world: World) -> None:
    assert await migrate(world.url, "capa") == "0006"
