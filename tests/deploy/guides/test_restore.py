"""Everything is lost and restored from dumps that were made while complaints came in, by the blocks of the guide."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.postgres import Server
from tests.deploy.guides.drills import Books, own_environment, settled, shell, told
from tests.faults.killing import Ledger, bodies
from tests.notifier.smtp import text_of
from tests.support.pages import ROOT, read
from tests.support.running import SERVICES, Pace, RunningSystem, complaint, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(900)]

GUIDE = read(ROOT / "docs/guides/back-up-and-restore.md")
REBUILD = read(ROOT / "docs/guides/rebuild-a-consumer.md")
FORGETS = {
    "intake": "DELETE FROM triage",
    "capa": "DELETE FROM action_notice",
    "notifier": "DELETE FROM timer",
}
MOST = 3_000
LATE = "after-capas-dump"
"""A complaint that intake's dump knows with what came of it, and capa's does not."""

AFTERWARDS = 60
"""Complaints that come in after the last dump."""


async def test_after_a_restore_and_announcing_again_the_three_services_agree(tmp_path: Path) -> None:
    async with running_system(pace=Pace(due="4s", escalation="1h")) as system:
        environment = own_environment(
            system,
            BACKUP=str(tmp_path),
            REDRESS_KEYS_FILE=str(system.home / "secrets" / "keys.json"),
            REDRESS_CONFIG_DIR=str(ROOT / "config"),
        )
        books = Books(system.described["databases"])
        ledger = Ledger()
        await send(system, ledger, 100)
        await until(lambda: bool(told(books)), seconds=90, what="a notice is on record as sent")
        await back_up_while_complaints_come(system, ledger, environment)
        await settled(system, books)
        before, complaints = books.counts(), books.ids("intake", "complaint")

        await system.halt()
        kept, told_before = await asyncio.to_thread(restore, system, environment, books)
        mails = len(system.mails())
        assert 100 <= len(kept) <= len(complaints) - AFTERWARDS, "the dumps were made in the middle"
        assert kept < complaints
        assert told_before, "the dump knows of somebody who was told"

        await system.start()
        await settled(system, books)
        restored = books.counts()
        assert books.ids("intake", "complaint") == kept
        assert books.disagreements() == {}

        again = Ledger()
        await send(system, again, len(ledger.numbers) - 1)
        await settled(system, books)
        assert books.disagreements() == {}
        assert {
            row["external_id"] for row in books.ask("intake", "SELECT external_id FROM complaint")
        } == set(ledger.numbers)
        later = "\n".join(text_of(mail) for mail in system.mails()[mails:])
        assert [subject for subject in told_before if subject in later] == []
        figures = {"before": before, "restored": restored, "sent again": books.counts()}
        sys.stderr.write(f"{json.dumps(figures)}\n")


async def send(system: RunningSystem, ledger: Ledger, count: int) -> None:
    """Send so many complaints, the first of them first."""
    crm = system.client("intake", "crm")
    for body in bodies(MOST, 7)[:count]:
        await ledger.send(crm, body)


async def back_up_while_complaints_come(
    system: RunningSystem, ledger: Ledger, environment: Mapping[str, str]
) -> None:
    """Make the dumps as the guide says, with complaints coming in before, meanwhile and after."""
    crm, first = system.client("intake", "crm"), len(ledger.numbers)
    dumps = asyncio.create_task(back_up(system, ledger, environment))
    left = AFTERWARDS
    for body in bodies(MOST, 7)[first:]:
        left -= dumps.done()
        await ledger.send(crm, body)
        if not left:
            break
    await dumps
    assert left == 0, "the dumps took longer than there are complaints"


async def back_up(system: RunningSystem, ledger: Ledger, environment: Mapping[str, str]) -> None:
    """Run the guide's blocks, and see to it that capa's dump is older than what intake's knows of capa."""
    dump, secrets = GUIDE.blocks("sh")[:2]
    order = "notifier capa intake"
    assert order in dump
    for service in order.split():
        await asyncio.to_thread(shell, dump.replace(order, service), environment)
        if service == "capa":
            await capa_goes_on(system, ledger)
    await asyncio.to_thread(shell, secrets, environment)


async def capa_goes_on(system: RunningSystem, ledger: Ledger) -> None:
    """Have capa raise a nonconformity and end an action, and intake show both."""
    intake, capa = system.client("intake", "staff"), system.client("capa", "staff")
    body = complaint(LATE, product="brand-new", category="brand-new")
    await ledger.send(system.client("intake", "crm"), body)
    action = (await capa.get("/v1/actions", params={"limit": 1, "state": "open"})).json()["items"][0]
    read = await capa.get(f"/v1/actions/{action['number']}")
    done = await capa.post(
        f"/v1/actions/{action['number']}/complete",
        json={"evidence": "Done after the dump."},
        headers={"If-Match": read.headers["ETag"]},
    )
    assert done.status_code == 200, done.text
    books = Books(system.described["databases"])

    async def intake_shows_both() -> bool:
        seen = (await intake.get(f"/v1/complaints/{ledger.numbers[LATE]}")).json()
        (row,) = books.ask("intake", f"SELECT state FROM action WHERE number = '{action['number']}'")  # noqa: S608  (our own)
        return bool(seen["nonconformity"]) and row["state"] == "completed"

    await until(intake_shows_both, seconds=60, what="intake shows what capa did")


def restore(system: RunningSystem, environment: Mapping[str, str], books: Books) -> tuple[set[str], set[str]]:
    """Lose all databases, and do what the guide says until the services may start.

    Gives the complaints that the dumps know, and the subjects that they know somebody was told about.
    """
    server = Server(system.home / "postgres")
    server.remove()
    server.start()
    server.create_database("redress_log")
    try:
        fill, migrate, announce = GUIDE.blocks("sh")[2:]
        shell(fill, {**environment, "SERVER_URL": server.url()})
        found = books.ids("intake", "complaint"), told(books)
        shell(migrate, environment)
        for service in SERVICES:
            forget = REBUILD.block("sql", FORGETS[service])
            shell(
                f'psql --single-transaction -v ON_ERROR_STOP=1 "$REDRESS_{service.upper()}_DATABASE_URL" <<< "$FORGET"',
                {**environment, "FORGET": forget},
            )
        shell(announce, environment)
        return found
    finally:
        server.stop()
