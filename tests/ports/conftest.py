from collections.abc import AsyncIterator

import pytest

from local.kafka import Broker
from tests.ports.carriers import Carrier, EmbeddedCarrier, KafkaCarrier
from tests.support.postgres import Databases, fresh_database


@pytest.fixture
async def embedded_carrier(postgres: Databases) -> AsyncIterator[EmbeddedCarrier]:
    with fresh_database(postgres) as url:
        carrier = await EmbeddedCarrier.create(url)
        yield carrier
        await carrier.close()


@pytest.fixture
async def kafka_carrier(kafka: Broker) -> AsyncIterator[KafkaCarrier]:
    carrier = await KafkaCarrier.create(kafka)
    yield carrier
    await carrier.close()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def carrier(request: pytest.FixtureRequest) -> Carrier:
    """A transport to be held to the contract, with topics of this test's own."""
    # By name, so that the embedded log is tested where no Kafka can run.
    chosen: Carrier = request.getfixturevalue(f"{request.param}_carrier")
    return chosen
