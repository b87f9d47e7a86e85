"""What every test may ask for: a real PostgreSQL and an empty database on it.

The server is PostgreSQL 18 from the wheel, started once per run in a temporary folder. To use a server that
already runs, name any database on it whose user may create databases:

    REDRESS_TEST_DATABASE_URL=postgresql://user:password@127.0.0.1:5432/postgres pytest
"""

from collections.abc import Iterator

import pytest

from tests.support.kafka_fixture import kafka
from tests.support.postgres import Databases, fresh_database, throwaway_server

__all__ = ["kafka"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """The PostgreSQL server of this run; `url(database)` and `execute(sql)`."""
    with throwaway_server() as server:
        yield server


@pytest.fixture
def database_url(postgres: Databases) -> Iterator[str]:
    """The plain URL of an empty database of this test's own; it is dropped afterwards."""
    with fresh_database(postgres) as url:
        yield url
