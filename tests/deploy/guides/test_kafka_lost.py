"""Kafka is lost with events that nobody had read yet, and everything is told again, by the blocks of the guide."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from local.kafka import Broker
from local.postgres import Server
from tests.deploy.guides.drills import Books, own_environment, settled, shell
from tests.faults.killing import Ledger, bodies
from tests.notifier.smtp import text_of
from tests.support.kafka_fixture import need_kafka
from tests.support.pages import ROOT, read
from tests.support.running import Pace, RunningSystem, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.kafka, pytest.mark.timeout(900)]

GUIDE = read(ROOT / "docs/guides/kafka-lost.md")
READ, UNREAD = 60, 60


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="redress-kafka-") as name:
        yield Path(name)


async def test_what_was_published_and_never_read_is_decided_and_told_once_when_kafka_is_lost(
    folder: Path,
) -> None:
    need_kafka()
    lost = Broker(folder / "lost")
    await lost.start()
    try:
        async with running_system(broker=lost, pace=Pace(due="4s", escalation="1h")) as system:
            books, ledger, crm = (
                Books(system.described["databases"]),
                Ledger(),
                system.client("intake", "crm"),
            )
            complaints = bodies(READ + UNREAD, 11)
            for body in complaints[:READ]:
                await ledger.send(crm, body)
            await settled(system, books)
            capa = await stand_still(system, "capa")
            for body in complaints[READ:]:
                await ledger.send(crm, body)
            await until(lambda: not books.waiting(), seconds=60, what="everything is published")
            environment, decided = own_environment(system), books.counts()["capa.triage_decision"]
            await lost.kill()
            os.kill(capa, signal.SIGKILL)
            await system.halt()
            mails = len(system.mails())
            assert decided == READ, "capa has read nothing of what came last"

            async with Broker(folder / "new", port=int(lost.bootstrap_servers.rpartition(":")[2])):
                await asyncio.to_thread(announce_again, system, environment)
                await system.start()
                await settled(system, books)
                assert books.counts()["capa.triage_decision"] == READ + UNREAD
                assert books.disagreements() == {}
                told = books.ask(
                    "notifier", "SELECT subject_id, step, recipient FROM notice WHERE state = 'sent'"
                )
                late = Counter(row["subject_id"] for row in told if row["step"] == "overdue")
                assert late == Counter(books.ids("capa", "action"))
                texts = [text_of(mail) for mail in system.mails()]
                mailed = Counter(
                    {subject: sum(f"/v1/actions/{subject}" in text for text in texts) for subject in late}
                )
                assert mailed == late, "each owner got one mail about each action"
                sys.stderr.write(
                    f"{json.dumps({'decided before': decided, **books.counts(), 'mails': [mails, len(system.mails())]})}\n"
                )
                await system.halt()
    finally:
        await lost.stop()


async def stand_still(system: RunningSystem, service: str) -> int:
    """Stop a service's process where it stands; gives its id."""
    pid = system.pid(service)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


def announce_again(system: RunningSystem, environment: Mapping[str, str]) -> None:
    """Do step 4, with the databases up and nothing else."""
    server = Server(system.home / "postgres")
    server.start()
    try:
        (block,) = GUIDE.blocks("sh")
        shell(block, environment)
    finally:
        server.stop()
