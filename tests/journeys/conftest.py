import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.kafka import Broker
from tests.support.kafka_fixture import need_kafka
from tests.support.running import Pace, RunningSystem, running_system

TRANSPORTS = ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)]


@pytest.fixture(params=TRANSPORTS, scope="module")
async def system(request: pytest.FixtureRequest) -> AsyncIterator[RunningSystem]:
    """The whole system on one transport, with due times in seconds."""
    if request.param == "embedded":
        async with running_system(pace=Pace()) as system:
            yield system
        return
    need_kafka()
    with tempfile.TemporaryDirectory(prefix="redress-kafka-") as folder:
        async with Broker(Path(folder)) as broker, running_system(broker=broker, pace=Pace()) as system:
            yield system
