"""The rules that both ways of writing new complaints keep: one by one, and many in one transaction."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from chassis.idempotency import KeyReused
from common.actor import Actor
from common.ids import new_id
from intake.db.group_reception import GroupReception
from intake.db.reception import PlainReception
from intake.domain.clocks.beginning import Begun
from intake.domain.complaint import Complaint, receive
from intake.domain.facts import Received
from intake.domain.trail import trace_receipt
from intake.usecases.complaint_form import ComplaintForm
from intake.usecases.outgoing import published_receipt
from intake.usecases.ports import AlreadyKnown, Receipt, Reception, Repeated, RequestKey
from tests.intake.world import NOON, World, a_complaint
from tests.support.waiting import until

CRM = Actor("system", "crm-1")
NOT_STORABLE = "a zero character \x00 that PostgreSQL refuses"


@pytest.fixture(params=[PlainReception, GroupReception])
def reception(request: pytest.FixtureRequest, world: World) -> Reception:
    made: Reception = request.param(world.engine, world.clock, world.intake.wake)
    return made


@pytest.fixture
def group(world: World) -> GroupReception:
    return GroupReception(world.engine, world.clock, world.intake.wake)


def receipt(
    external_id: str | None = None, *, key: str | None = None, body: str = "same", **changes: Any
) -> Receipt:
    form = ComplaintForm.model_validate(a_complaint(external_id=external_id))
    new = receive(form.report(own_source="crm"), complaint_id=new_id(), correlation_id=new_id(), now=NOON)
    new = replace(new, account=replace(new.account, **changes))
    request = None if key is None else RequestKey(str(CRM), "POST", "/v1/complaints", key, body.encode())
    return Receipt(
        new,
        trace_receipt(new, actor=CRM),
        lambda complaint: [published_receipt(Received(complaint), actor=CRM)],
        Begun((), new),
        key=request,
    )


async def test_a_new_complaint_is_written_with_history_key_and_event(
    world: World, reception: Reception
) -> None:
    written = await reception.receive(receipt("case-1", key="k-1"))
    tables = ("complaint", "complaint_history", "idempotency_key", "outbox")
    assert isinstance(written, Complaint)
    assert [await world.count(table) for table in tables] == [1, 1, 1, 1]


async def test_one_identity_at_once_makes_one_complaint_and_one_event(
    world: World, reception: Reception
) -> None:
    outcomes = await asyncio.gather(*(reception.receive(receipt("case-1")) for _ in range(50)))
    made = [outcome for outcome in outcomes if isinstance(outcome, Complaint)]
    assert (len(made), await world.count("complaint"), await world.count("outbox")) == (1, 1, 1)
    assert outcomes.count(AlreadyKnown()) == 49


async def test_complaints_without_identity_are_all_different(world: World, reception: Reception) -> None:
    await asyncio.gather(*(reception.receive(receipt()) for _ in range(30)))
    assert (await world.count("complaint"), await world.count("outbox")) == (30, 30)


async def test_one_key_at_once_makes_one_complaint_and_the_others_repeat_it(
    world: World, reception: Reception
) -> None:
    outcomes = await asyncio.gather(*(reception.receive(receipt(key="k-1")) for _ in range(10)))
    made = [outcome for outcome in outcomes if isinstance(outcome, Complaint)]
    assert (len(made), await world.count("complaint")) == (1, 1)
    assert outcomes.count(Repeated(made[0].id, 201)) == 9


async def test_a_key_that_came_with_another_request_is_refused_and_the_others_are_written(
    world: World, reception: Reception
) -> None:
    await reception.receive(receipt(key="k-1"))
    outcomes = await asyncio.gather(
        *(
            reception.receive(receipt(f"case-{number}", key=f"k-{number}", body="other"))
            for number in range(1, 6)
        ),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [KeyReused, *[Complaint] * 4]
    assert await world.count("complaint") == 5


async def test_a_known_complaint_claims_no_key(world: World, reception: Reception) -> None:
    await reception.receive(receipt("case-1"))
    assert await reception.receive(receipt("case-1", key="k-1")) == AlreadyKnown()
    assert await world.count("idempotency_key") == 0


async def test_one_row_that_cannot_be_written_does_not_fail_its_neighbours(
    world: World, reception: Reception
) -> None:
    receipts = [receipt(f"case-{number}") for number in range(20)]
    receipts[7] = receipt("case-7", description=NOT_STORABLE)
    outcomes = await asyncio.gather(*(reception.receive(one) for one in receipts), return_exceptions=True)
    failed = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Exception)]
    assert (failed, await world.count("complaint"), await world.count("outbox")) == ([7], 19, 19)


async def test_numbers_are_each_given_once(reception: Reception) -> None:
    outcomes = await asyncio.gather(*(reception.receive(receipt(f"case-{number}")) for number in range(100)))
    numbers = [outcome.number for outcome in outcomes if isinstance(outcome, Complaint)]
    assert len(set(numbers)) == 100


async def test_complaints_that_arrive_together_share_transactions(
    world: World, group: GroupReception
) -> None:
    await asyncio.gather(*(group.receive(receipt(f"case-{number}")) for number in range(100)))
    transactions = await world.rows("SELECT count(DISTINCT xmin::text) AS n FROM complaint")
    assert transactions[0].n <= 5


async def test_batches_under_way_at_once_take_no_number_from_one_another(world: World) -> None:
    group = GroupReception(world.engine, world.clock, world.intake.wake, patience_seconds=0)
    await asyncio.gather(*(group.receive(receipt(f"known-{nth}")) for nth in range(5)))
    with capture_logs() as logs:
        for turns in range(40):
            # What is known already leaves its numbers over. They are too few for the first batch, which has to wait for
            # more, and enough for the second, which comes a little later each time.
            await asyncio.gather(*(group.receive(receipt(f"known-{nth}")) for nth in range(5)))
            first = [asyncio.create_task(group.receive(receipt())) for _ in range(20)]
            for _ in range(turns):
                await asyncio.sleep(0)
            await asyncio.gather(*first, *(group.receive(receipt()) for _ in range(4)))

    assert [event["reason"] for event in logs if event["event"] == "batch_done_again_singly"] == []


async def test_a_batch_waits_no_longer_than_a_moment_for_a_key_that_another_process_holds(
    world: World, group: GroupReception
) -> None:
    async with world.engine.connect() as other:
        await other.execute(
            sa.text("""
                INSERT INTO idempotency_key (actor, method, route, key, fingerprint, resource_id, status, created_at)
                VALUES ('system:crm-1', 'POST', '/v1/complaints', 'held', 'x', 'x', 201, :now)
            """),
            {"now": NOON},
        )
        held = asyncio.create_task(group.receive(receipt(key="held")))
        others = [group.receive(receipt(f"case-{number}", key=f"k-{number}")) for number in range(10)]
        await asyncio.wait_for(asyncio.gather(*others), 10)
        assert await world.count("complaint") == 10
        await other.rollback()
    assert isinstance(await asyncio.wait_for(asyncio.gather(held, return_exceptions=True), 10), list)


async def test_nobody_waits_for_a_transaction_that_takes_long(world: World, group: GroupReception) -> None:
    async with world.engine.connect() as other:
        await other.execute(
            sa.text("""
                INSERT INTO idempotency_key (actor, method, route, key, fingerprint, resource_id, status, created_at)
                VALUES ('system:crm-1', 'POST', '/v1/complaints', 'held', 'x', 'x', 201, :now)
            """),
            {"now": NOON},
        )
        held = asyncio.create_task(group.receive(receipt(key="held")))

        async def waits_for_the_key() -> bool:
            return bool(await world.rows("SELECT 1 FROM pg_locks WHERE NOT granted"))

        await until(waits_for_the_key)
        for number in range(3):
            await asyncio.wait_for(group.receive(receipt(f"case-{number}", key=f"k-{number}")), 10)
        assert not held.done()
        await other.rollback()
    assert isinstance(await asyncio.wait_for(held, 10), Complaint)


async def test_a_sender_that_gives_up_does_not_stop_the_others(world: World, group: GroupReception) -> None:
    sending = [asyncio.create_task(group.receive(receipt(f"case-{number}"))) for number in range(10)]
    await asyncio.sleep(0)
    sending[3].cancel()
    await asyncio.gather(*sending, return_exceptions=True)

    async def all_written() -> bool:
        return await world.count("complaint") >= 9

    await until(all_written)
    assert [number for number, task in enumerate(sending) if task.cancelled()] == [3]
