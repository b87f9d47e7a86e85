"""Processes, the database and the broker are killed while a bulk import runs; afterwards the books agree."""

import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.demo import Source, made_up, real
from local.kafka import Broker
from tests.faults.killing import Fault, Ledger, check_books, check_notices
from tests.support.kafka_fixture import need_kafka
from tests.support.running import Pace, RunningSystem, every_page, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(900)]
PACE = Pace(due="20s", escalation="1h")
ROWS = 4_000
AT_ONCE = 20
"""How many complaints are read beside each other."""
SYSTEM = "killed"
VARIABLE = "REDRESS_COMPLAINTS_CSV"


@pytest.fixture
def source() -> Source:
    """The real file where one is named, else complaints that are made up."""
    named = os.environ.get(VARIABLE)
    return real(Path(named)) if named else made_up(ROWS, 17)


async def import_all(system: RunningSystem, source: Source, faults: Sequence[Fault]) -> Ledger:
    """Import a file with the faults spread evenly over its rows; gives what the import says of each row."""
    client = system.client("intake", "admin")
    query = {"profile": source.profile, "source_system": SYSTEM}
    headers = {"Content-Type": source.media_type}
    posted = await client.post("/v1/imports", params=query, content=source.content, headers=headers)
    assert posted.status_code == 202, posted.text
    place = f"/v1/imports/{posted.json()['id']}"

    async def processed() -> int:
        found = await _read(client, place)
        if found is None:
            return -1
        assert found["state"] in {"queued", "running", "finished"}, found
        return source.rows + 1 if found["state"] == "finished" else int(found["processed"])

    for number, fault in enumerate(faults, start=1):
        due = source.rows * number // (len(faults) + 1)

        async def reached(due: int = due) -> bool:
            return await processed() >= due

        await until(reached, seconds=120, what=f"{due} rows are processed")
        await fault()

    async def finished() -> bool:
        return await processed() > source.rows

    await until(finished, seconds=300, what="the import is finished")
    await system.ready()
    return await _ledger(client, place, source.rows)


async def _read(client: httpx.AsyncClient, path: str) -> Any:
    """Read what an intake that may be dead just now says; None where it says nothing."""
    try:
        answer = await client.get(path)
    except httpx.TransportError:
        return None
    if answer.status_code in {500, 503}:
        return None
    return answer.raise_for_status().json()


async def _ledger(client: httpx.AsyncClient, place: str, rows: int) -> Ledger:
    answer = await client.get(f"{place}/results")
    results = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    assert [result["row_number"] for result in results] == list(range(1, rows + 1))
    assert Counter(result["outcome"] for result in results) == {"created": rows}
    return Ledger({result["external_id"]: result["complaint_number"] for result in results})


async def check_deadlines(system: RunningSystem) -> None:
    """See that the notifier knows the deadline of each action and of each complaint's clock once, and no other."""
    capa, notifier = system.client("capa", "quality"), system.client("notifier", "admin")
    expected = Counter(
        [action["id"] for action in await every_page(capa, "/v1/actions")] + await running_clocks(system)
    )

    async def all_known() -> bool:
        deadlines = await every_page(notifier, "/v1/deadlines")
        return Counter(one["subject_id"] for one in deadlines) == expected

    await until(all_known, seconds=240, what="the notifier knows every action's and every clock's deadline")


async def running_clocks(system: RunningSystem) -> list[str]:
    """The complaint of each clock that intake says it has."""
    intake = system.client("intake", "staff")
    complaints = [found["id"] for found in await every_page(intake, "/v1/complaints")]
    found = []
    for some in batched(complaints, AT_ONCE):
        read = await asyncio.gather(*(intake.get(f"/v1/complaints/{one}/clocks") for one in some))
        clocks = [len(answer.raise_for_status().json()["items"]) for answer in read]
        assert 0 not in clocks, "an import that is not historical begins clocks"
        found += [one for one, number in zip(some, clocks, strict=True) for _ in range(number)]
    return found


def batched(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


@pytest.fixture
async def embedded() -> AsyncIterator[RunningSystem]:
    async with running_system(pace=PACE) as system:
        yield system


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    need_kafka()
    with tempfile.TemporaryDirectory(prefix="redress-kafka-") as folder:
        async with Broker(Path(folder)) as broker:
            yield broker


@pytest.fixture
async def on_kafka(broker: Broker) -> AsyncIterator[RunningSystem]:
    async with running_system(broker=broker, pace=PACE) as system:
        yield system


async def test_an_import_loses_and_doubles_nothing_under_kills(
    embedded: RunningSystem, source: Source
) -> None:
    faults: list[Fault] = [
        partial(embedded.kill, "intake"),
        partial(embedded.kill, "capa"),
        embedded.kill_postgres,
        partial(embedded.kill, "notifier"),
        partial(embedded.kill, "intake"),
        embedded.kill_postgres,
    ]
    # Real complaints are years apart, so that one product and category may have several nonconformities.
    await check_books(embedded, await import_all(embedded, source, faults), one_window=False)
    await check_deadlines(embedded)
    await check_notices(embedded)


@pytest.mark.kafka
async def test_an_import_loses_and_doubles_nothing_under_kills_with_the_broker(
    on_kafka: RunningSystem, broker: Broker, source: Source
) -> None:
    async def bounce() -> None:
        await broker.kill()
        await broker.restart()

    faults: list[Fault] = [
        partial(on_kafka.kill, "intake"),
        bounce,
        partial(on_kafka.kill, "capa"),
        on_kafka.kill_postgres,
        partial(on_kafka.kill, "notifier"),
        bounce,
    ]
    await check_books(on_kafka, await import_all(on_kafka, source, faults), one_window=False)
    await check_deadlines(on_kafka)
    await check_notices(on_kafka)
