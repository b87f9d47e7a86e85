"""A CRM that never gives up, faults on a seeded schedule, and the books that must agree afterwards."""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import httpx

from tests.support.running import RunningSystem, complaint, every_page
from tests.support.waiting import until

Fault = Callable[[], Awaitable[None]]
SENDERS = 6
NAMED_BY = ("subject_id", "clock", "generation", "step", "recipient", "channel")
"""What tells one notice from another."""
PRODUCTS = ("credit-card", "mortgage", "payday-loan", "checking-account", "debt-collection")
CATEGORIES = tuple(f"category-{number}" for number in range(8))


@dataclass
class Ledger:
    """What the CRM knows by the answers that it got: each id, and the number of its complaint."""

    numbers: dict[str, str] = field(default_factory=dict)
    repeats: int = 0

    async def send(self, client: httpx.AsyncClient, body: Mapping[str, Any]) -> None:
        """Send until an answer says that it was accepted; whatever is unknown is sent again."""
        while True:
            try:
                answer = await client.post("/v1/complaints", json=body)
            except httpx.TransportError:
                self.repeats += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code in {200, 201}:
                self.numbers[body["external_id"]] = answer.json()["number"]
                return
            assert answer.status_code in {500, 503}, answer.text
            self.repeats += 1
            await asyncio.sleep(0.1)


def bodies(count: int, seed: int) -> list[dict[str, Any]]:
    """Make complaints; the same seed makes the same ones."""
    chance = random.Random(seed)  # noqa: S311  (a schedule to repeat, not a secret)
    return [
        complaint(
            f"case-{number}",
            product=chance.choice(PRODUCTS),
            category=chance.choice(CATEGORIES),
            reported_severity=chance.choice(["minor", "major", "critical"]),
        )
        for number in range(count)
    ]


async def send_all(system: RunningSystem, count: int, faults: Sequence[Fault], *, seed: int = 7) -> Ledger:
    """Send complaints from several senders, with the faults spread evenly over the sending."""
    ledger, waiting = Ledger(), asyncio.Queue[dict[str, Any]]()
    for body in bodies(count, seed):
        waiting.put_nowait(body)
    crm = system.client("intake", "crm")

    async def sender() -> None:
        while not waiting.empty():
            await ledger.send(crm, waiting.get_nowait())

    async def schedule() -> None:
        for number, fault in enumerate(faults, start=1):
            due = count * number // (len(faults) + 1)
            await until(lambda due=due: len(ledger.numbers) >= due, seconds=120)  # type: ignore[misc]  # bound at once
            await fault()

    await asyncio.gather(schedule(), *(sender() for _ in range(SENDERS)))
    sys.stderr.write(
        f"seed {seed}: {count} complaints, {len(faults)} faults, {ledger.repeats} repeated requests\n"
    )
    return ledger


async def check_books(system: RunningSystem, ledger: Ledger, *, one_window: bool = True) -> None:
    """See that what the CRM was promised, intake's complaints and capa's decisions are the same sets.

    Where all complaints were received in one link window, that no product and category has two nonconformities, too.
    """
    await system.ready()
    intake, capa = system.client("intake", "staff"), system.client("capa", "quality")

    async def all_decided() -> bool:
        answer = await intake.get("/v1/complaints", params={"triage": "pending", "limit": 1})
        return answer.status_code == 200 and not answer.json()["items"]

    await until(all_decided, seconds=120, what="every complaint is decided")
    complaints = await every_page(intake, "/v1/complaints")
    decisions = await every_page(capa, "/v1/triage-decisions")
    assert {found["external_id"]: found["number"] for found in complaints} == ledger.numbers
    assert len(complaints) == len(ledger.numbers)
    assert Counter(found["complaint_id"] for found in decisions) == Counter(
        found["id"] for found in complaints
    )
    await check_nonconformities(system, one_window=one_window)


async def check_nonconformities(system: RunningSystem, *, one_window: bool) -> None:
    """See that each has one action, and in one link window no pair of product and category has two."""
    capa = system.client("capa", "quality")
    found = await every_page(capa, "/v1/nonconformities")
    pairs = Counter((one["product"], one["category"]) for one in found)
    assert not one_window or [pair for pair, number in pairs.items() if number > 1] == []
    actions = await every_page(capa, "/v1/actions")
    assert Counter(action["parent_id"] for action in actions) == Counter(one["id"] for one in found)


async def check_notices(system: RunningSystem) -> None:
    """See that every action's owner is told once, but for repetitions that say so."""
    capa, notifier = system.client("capa", "quality"), system.client("notifier", "admin")
    actions = {action["id"] for action in await every_page(capa, "/v1/actions")}

    async def all_told() -> bool:
        notices = await every_page(notifier, "/v1/notices")
        told = {one["subject_id"] for one in notices if one["step"] == "overdue" and one["state"] == "sent"}
        return told >= actions

    # What a killed process was sending is taken up when its lease ends, after 80 s.
    await until(all_told, seconds=240, what="every owner was told")
    sent = [one for one in await every_page(notifier, "/v1/notices") if one["state"] == "sent"]
    told = Counter(tuple(one[name] for name in NAMED_BY) for one in sent)
    assert {key: number for key, number in told.items() if number > 1} == {}
    mails = Counter(_delivery_of(mail) for mail in system.mails())
    deliveries = await every_page(notifier, "/v1/deliveries")
    doubtful = {one["id"] for one in deliveries if one["maybe_duplicate"]}
    assert {delivery for delivery, number in mails.items() if number > 1} <= doubtful


def _delivery_of(mail: EmailMessage) -> str:
    """Take the delivery's id out of a mail's Message-ID, where it stands before the @."""
    return str(mail["Message-ID"]).removeprefix("<").partition("@")[0]
