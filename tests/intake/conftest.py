import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chassis.migrations import migrate
from tests.intake.world import World, open_world
from tests.support.postgres import Databases


@pytest.fixture(scope="session")
async def intake_template(postgres: Databases) -> AsyncIterator[str]:
    """A database at head that every test's own is copied from."""
    name = f"intake_template_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await migrate(postgres.url(name), "intake")
    yield name
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def intake_url(postgres: Databases, intake_template: str) -> Iterator[str]:
    name = f"intake_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {intake_template}")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(intake_url, tmp_path) as world:
        yield world
