"""A migrated database for each test, a settable clock, and capa's parts on them."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from chassis.migrations import migrate
from tests.capa.world import World, open_world
from tests.support.postgres import Databases


@pytest.fixture(scope="session")
async def capa_template(postgres: Databases) -> str:
    """The name of a migrated database, to be copied."""
    name = f"capa_template_{uuid.uuid4().hex}"
    postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    await migrate(postgres.url(name), "capa")
    return name


@contextmanager
def copy_of(postgres: Databases, template: str) -> Iterator[str]:
    """The URL of a database of its own; it is dropped afterwards."""
    name = f"capa_{uuid.uuid4().hex}"
    postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield postgres.url(name)
    postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def capa_url(postgres: Databases, capa_template: str) -> Iterator[str]:
    with copy_of(postgres, capa_template) as url:
        yield url


@pytest.fixture
async def world(capa_url: str) -> AsyncIterator[World]:
    async with open_world(capa_url) as opened:
        yield opened


@pytest.fixture
async def another_world(postgres: Databases, capa_template: str) -> AsyncIterator[World]:
    """A second one beside the first, to compare with."""
    with copy_of(postgres, capa_template) as url:
        async with open_world(url) as opened:
            yield opened


@pytest.fixture
async def client(world: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with all of capa's scopes."""
    async with world.caller(tmp_path_factory.mktemp("keys")) as caller:
        yield caller
