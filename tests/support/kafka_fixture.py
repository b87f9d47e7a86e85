"""A real Apache Kafka for the tests that carry the mark `kafka`.

One broker serves the whole run and is started by the first test that asks for it. The first run on a machine fetches
Kafka's jars through Maven; `python -m local.kafka install` does that beforehand.
"""

from collections.abc import AsyncIterator

import pytest

from local.kafka import Broker, missing_tools
from tests.support.outside_tools import leave_out


def need_kafka() -> None:
    """Leave the test out, saying how to get what is missing; where CI=true, missing tools are a failure."""
    if not (missing := missing_tools()):
        return
    leave_out(" ".join(["Kafka cannot run here.", *missing]))


@pytest.fixture(scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """Lend the run's broker: `bootstrap_servers` says where. Tests share it, so each names topics of its own."""
    need_kafka()
    async with Broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker
