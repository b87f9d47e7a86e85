from collections.abc import AsyncIterator

import pytest

from tests.ports.carriers import Carrier, EmbeddedCarrier
from tests.support.postgres import Databases, fresh_database


@pytest.fixture(params=["embedded"])
async def carrier(request: pytest.FixtureRequest, postgres: Databases) -> AsyncIterator[Carrier]:
    """A transport to be held to the contract, with topics of this test's own."""
    with fresh_database(postgres) as url:
        embedded = await EmbeddedCarrier.create(url)
        yield embedded
        await embedded.close()
