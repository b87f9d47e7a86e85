from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.intake.world import World, open_world
from tests.support.postgres import Databases, fresh_database, template_of


@pytest.fixture(scope="session")
async def intake_template(postgres: Databases) -> AsyncIterator[str]:
    """A database at head that every test's own is copied from."""
    async with template_of(postgres, "intake") as name:
        yield name


@pytest.fixture
def intake_url(postgres: Databases, intake_template: str) -> Iterator[str]:
    with fresh_database(postgres, intake_template) as url:
        yield url


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(intake_url, tmp_path) as world:
        yield world
