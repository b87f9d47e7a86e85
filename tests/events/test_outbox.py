import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from events.postgres import outbox
from events.transport import Record
from tests.support.events import NOON, a_complaint_received


async def rows(engine: AsyncEngine) -> list[tuple[str, int | None]]:
    async with engine.connect() as connection:
        found = await connection.execute(sa.text("SELECT key, sequence FROM outbox ORDER BY position"))
        return [(row.key, row.sequence) for row in found]


async def test_events_of_one_key_are_counted_from_1_without_gaps_over_transactions(
    engine: AsyncEngine,
) -> None:
    for batch in (["a", "b", "a"], ["a"], ["b", "b"]):
        async with engine.begin() as connection:
            await outbox.append(connection, "t", [a_complaint_received(key) for key in batch], now=NOON)
    assert await rows(engine) == [("a", 1), ("b", 1), ("a", 2), ("a", 3), ("b", 2), ("b", 3)]


async def test_a_rolled_back_transaction_leaves_no_gap(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await outbox.append(connection, "t", [a_complaint_received("a")], now=NOON)
        await connection.rollback()
    async with engine.begin() as connection:
        await outbox.append(connection, "t", [a_complaint_received("a")], now=NOON)
    assert await rows(engine) == [("a", 1)]


async def test_concurrent_transactions_on_the_same_keys_neither_deadlock_nor_skip_a_number(
    engine: AsyncEngine,
) -> None:
    async def write(keys: list[str]) -> None:
        async with engine.begin() as connection:
            await outbox.append(connection, "t", [a_complaint_received(key) for key in keys], now=NOON)

    await asyncio.gather(*(write(["a", "b"] if turn % 2 else ["b", "a"]) for turn in range(30)))
    assert sorted(await rows(engine)) == [(key, number) for key in "ab" for number in range(1, 31)]


async def test_a_ready_record_is_written_unnumbered_with_its_own_bytes(engine: AsyncEngine) -> None:
    record = Record("t.g.dead", b"\xff\x00k", (("x", b"\x00\xff"), ("x", b"2")), b"\x00raw")
    async with engine.begin() as connection:
        await outbox.append_record(connection, record, now=NOON)
    assert [sequence for _, sequence in await rows(engine)] == [None]


async def test_what_does_not_fit_its_contract_is_never_written(engine: AsyncEngine) -> None:
    good = a_complaint_received()
    broken = good.model_copy(update={"data": good.data.model_copy(update={"complaint_id": "no id"})})
    async with engine.connect() as connection:
        with pytest.raises(ValueError, match="complaint_id"):
            await outbox.append(connection, "t", [broken], now=NOON)
    assert await rows(engine) == []
