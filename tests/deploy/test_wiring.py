"""The three services are put together alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import capa.settings
import capa.wiring
import intake.db.work
import intake.settings
import intake.wiring
import notifier.db.work
import notifier.settings
import notifier.wiring
from chassis.run import Loop
from chassis.settings import CannotStart
from events.wake import Wake

CONFIG = Path(__file__).parents[2] / "config"
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
SERVICES = ("intake", "capa", "notifier")
KAFKA: Mapping[str, Any] = {"transport": "kafka", "kafka_security_protocol": "SSL"}


async def loops_of(service: str, **settings: Any) -> list[Loop]:
    """Build a worker's loops; nothing is connected for that."""
    values = {"database_url": NOWHERE, "config_dir": CONFIG, **settings}
    if service == "intake":
        taking = intake.wiring.open_core(
            intake.settings.IntakeSettings(**values), role="tests", wake=intake.db.work.Bells()
        )
        return intake.wiring.build_loops(taking, intake.wiring.build_transport(taking))
    if service == "capa":
        acting = capa.wiring.open_core(capa.settings.CapaSettings(**values), role="tests", wake=Wake())
        return capa.wiring.build_loops(acting, capa.wiring.build_transport(acting))
    telling = notifier.wiring.open_core(
        notifier.settings.Settings(**values), role="tests", wakes=notifier.db.work.Wakes()
    )
    transport = notifier.wiring.build_transport(telling)
    async with notifier.wiring.open_webhooks(telling) as webhooks:
        return notifier.wiring.build_loops(telling, transport, webhooks)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_loop_of_a_worker_is_noticed_when_it_is_stuck(service: str) -> None:
    loops = await loops_of(service, log_database_url=NOWHERE)
    assert {"relay", "consumer", "parked", "tidy", "delivery-gauges"} < {loop.name for loop in loops}
    assert [loop.name for loop in loops if loop.heartbeat.longest is None] == []


@pytest.mark.parametrize("service", SERVICES)
async def test_the_embedded_transport_without_its_database_ends_the_start_with_the_fix(service: str) -> None:
    with pytest.raises(
        CannotStart, match=r"^REDRESS_LOG_DATABASE_URL is missing: set it .*REDRESS_TRANSPORT"
    ):
        await loops_of(service)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_file_of_kafkas_that_cannot_be_read_ends_the_start_with_the_fix(
    service: str, tmp_path: Path
) -> None:
    with pytest.raises(CannotStart, match=r"^REDRESS_KAFKA_CA_FILE: .* cannot be read .*: name a file"):
        await loops_of(service, **KAFKA, kafka_ca_file=tmp_path / "absent")
