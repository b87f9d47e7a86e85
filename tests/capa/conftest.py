"""A migrated database for each test, a settable clock, and capa's parts on them."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.capa.world import World, open_world
from tests.support.postgres import Databases, fresh_database, template_of


@pytest.fixture(scope="session")
async def capa_template(postgres: Databases) -> AsyncIterator[str]:
    """A database at head that every test's own is copied from."""
    async with template_of(postgres, "capa") as name:
        yield name


@pytest.fixture
def capa_url(postgres: Databases, capa_template: str) -> Iterator[str]:
    with fresh_database(postgres, capa_template) as url:
        yield url


@pytest.fixture
async def world(capa_url: str) -> AsyncIterator[World]:
    async with open_world(capa_url) as opened:
        yield opened


@pytest.fixture
async def another_world(postgres: Databases, capa_template: str) -> AsyncIterator[World]:
    """A second one beside the first, to compare with."""
    with fresh_database(postgres, capa_template) as url:
        async with open_world(url) as opened:
            yield opened


@pytest.fixture
async def client(world: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with all of capa's scopes."""
    async with world.caller(tmp_path_factory.mktemp("keys")) as caller:
        yield caller
