"""Answers to notices over HTTP, for the tests of them."""

from datetime import datetime
from typing import Any, Final

import httpx

from events.contracts.deadline import DeadlineSetV1
from events.delivery import Claim, Delivery, GroupHandler
from events.envelope import Event
from events.postgres.hearing import hand_over
from notifier.consumers.deadline_set import OnDeadlineSet
from notifier.usecases.set_deadline import SetDeadline
from tests.notifier.world import NOON, World, a_deadline

# The owner is told on Monday at 13:00, the manager on Tuesday at 16:00; no answer moves that past Wednesday at 16:00.
TUESDAY: Final = NOON.replace(day=17, hour=15)
MANAGER: Final = NOON.replace(day=17, hour=16)
ACKNOWLEDGED_UNTIL: Final = NOON.replace(day=18, hour=11)
LATEST: Final = NOON.replace(day=18, hour=16)


def at(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def path(event: Event[DeadlineSetV1]) -> str:
    return f"/v1/deadlines/{event.data.subject_id}/{event.data.clock}"


async def read(world: World, event: Event[DeadlineSetV1]) -> Any:
    answer = await world.client("anna").get(path(event))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def acknowledge(
    world: World, event: Event[DeadlineSetV1], who: str = "anna", *, version: str = "*", **body: Any
) -> httpx.Response:
    return await world.client(who).post(
        f"{path(event)}/acknowledge", json=body, headers={"If-Match": version}
    )


async def snooze(
    world: World,
    event: Event[DeadlineSetV1],
    until: datetime,
    who: str = "anna",
    *,
    version: str = "*",
    reason: str | None = "the supplier delivers tomorrow",
) -> httpx.Response:
    body = {"until": at(until)} | ({} if reason is None else {"reason": reason})
    return await world.client(who).post(f"{path(event)}/snooze", json=body, headers={"If-Match": version})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


async def an_overdue_deadline(world: World, **values: Any) -> Event[DeadlineSetV1]:
    """A deadline of which its owner was told on Monday that it is overdue; it is Tuesday at 15:00."""
    await world.people()
    event = a_deadline(**values)
    await world.hears(event)
    world.clock.move(hours=1)
    await world.settles()
    world.clock.now = TUESDAY
    return event


async def hears(event: Event[DeadlineSetV1], set_deadline: SetDeadline) -> Claim:
    """Have a use case of one's own take a deadline over."""
    delivery = Delivery("notifier", event.source, str(event.id), event.key)
    return await hand_over(GroupHandler(OnDeadlineSet(set_deadline)), event, delivery)
