"""Claims of several deliveries at once."""

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from events.delivery import Claim, Delivery
from events.postgres import inbox
from tests.support.events import NOON
from tests.support.waiting import until


def delivery(event_id: str) -> Delivery:
    return Delivery("capa", "/redress/intake", event_id, f"key of {event_id}")


async def test_of_an_event_that_is_given_twice_only_the_first_is_new(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        claims = await inbox.claim_all(connection, [delivery("b"), delivery("a"), delivery("b")], now=NOON)
    assert claims == [Claim.NEW, Claim.NEW, Claim.SEEN]


async def test_what_another_group_has_handled_is_new(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await inbox.claim(connection, Delivery("notifier", "/redress/intake", "a", "k"), now=NOON)
        claims = await inbox.claim_all(connection, [Delivery("capa", "/redress/intake", "a", "k")], now=NOON)
    assert claims == [Claim.NEW]


async def test_claims_are_taken_in_one_order_whatever_the_order_of_the_events(engine: AsyncEngine) -> None:
    async def claim_backwards() -> Sequence[Claim]:
        async with engine.begin() as connection:
            return await inbox.claim_all(connection, [delivery("b"), delivery("a")], now=NOON)

    async with engine.begin() as first:
        await inbox.claim(first, delivery("a"), now=NOON)
        second = asyncio.create_task(claim_backwards())
        await until(lambda: somebody_waits(engine))
        # Had the second one taken b before it waited for a, the two would wait in a circle.
        await inbox.claim(first, delivery("b"), now=NOON)
    assert await second == [Claim.SEEN, Claim.SEEN]


async def somebody_waits(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool(
            (await connection.execute(sa.text("SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1"))).first()
        )
