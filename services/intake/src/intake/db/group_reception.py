"""Receives complaints that arrive together in one transaction with statements of many rows.

A lone complaint is written at once; while a transaction is under way the next ones gather and go in together after it.
Every answer waits for the commit that holds it. A transaction that fails is done again one by one, so that one row
never fails its neighbours.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import DriverConnection, driver_transaction, is_away
from common.clock import Clock
from events.catalogue import topic_of
from events.postgres import outbox
from events.wake import Wake
from intake.db.inserting import CLAIM_AND_INSERT, document
from intake.db.reception import PlainReception
from intake.db.rows import number_text
from intake.domain.complaint import Complaint
from intake.usecases.ports import AlreadyKnown, Receipt, Repeated, RequestKey

TOPIC: Final = topic_of("intake")
MOST_TOGETHER: Final = 64
WRITERS: Final = 2

Outcome = Complaint | AlreadyKnown | Repeated

_RELEASE: Final = """
DELETE FROM idempotency_key WHERE (actor, method, route, key) IN (
    SELECT * FROM unnest(
        CAST($1 AS text[]), CAST($2 AS text[]), CAST($3 AS text[]), CAST($4 AS text[])
    )
)
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A complaint whose sender waits for the answer."""

    receipt: Receipt
    answer: "asyncio.Future[Outcome]"

    @property
    def claims(self) -> tuple[object, ...]:
        """What no two complaints of one batch may both claim."""
        complaint, key = self.receipt.complaint, self.receipt.key
        identity = (complaint.source_system, complaint.external_id) if complaint.external_id else None
        return tuple(claim for claim in (identity, _scope(key)) if claim is not None)


class GroupReception:
    """A `Reception` that commits together what arrives together."""

    def __init__(self, engine: AsyncEngine, clock: Clock, wake: Wake) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake
        self._singly = PlainReception(engine, clock, wake)
        self._queue: deque[_Waiting] = deque()
        self._writers: set[asyncio.Task[None]] = set()

    async def receive(self, receipt: Receipt) -> Outcome:
        """Write it down, or tell that it is known already or was asked for before; then nothing is written."""
        waiting = _Waiting(receipt, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if len(self._writers) < WRITERS:
            writer = asyncio.create_task(self._write())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        return await waiting.answer

    async def _write(self) -> None:
        while self._queue:
            batch = self._gather()
            try:
                outcomes = await self._together([waiting.receipt for waiting in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, each sender gets an answer of its own
                await self._apart(batch, error)
                continue
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if outcome is None:
                    await self._alone(waiting)
                elif not waiting.answer.done():
                    waiting.answer.set_result(outcome)

    def _gather(self) -> list[_Waiting]:
        """Take the next batch; whatever repeats a claim of the batch waits for the next one, in order."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        claimed: set[object] = set()
        while self._queue and len(batch) < MOST_TOGETHER:
            waiting = self._queue.popleft()
            if claimed.isdisjoint(waiting.claims):
                claimed.update(waiting.claims)
                batch.append(waiting)
            else:
                later.append(waiting)
        self._queue.extendleft(reversed(later))
        return batch

    async def _together(self, receipts: Sequence[Receipt]) -> list[Outcome | None]:
        """Write a batch in one transaction; None stands for what has to be looked at alone."""
        # SQLAlchemy's way to run a statement costs several times what the driver's own does, once for each batch.
        async with driver_transaction(self._engine) as connection:
            outcomes = await self._write_down(connection, receipts)
            unused = [
                receipt.key
                for receipt, outcome in zip(receipts, outcomes, strict=True)
                if receipt.key is not None and isinstance(outcome, AlreadyKnown)
            ]
            if unused:
                await connection.execute(_RELEASE, *_scopes(unused))
            events = [
                receipt.announce(outcome)
                for receipt, outcome in zip(receipts, outcomes, strict=True)
                if isinstance(outcome, Complaint)
            ]
            if events:
                await connection.execute(outbox.APPEND, *outbox.values(TOPIC, events, now=self._clock()))
        if events:
            self._wake.ring()
        return outcomes

    @staticmethod
    async def _write_down(connection: DriverConnection, receipts: Sequence[Receipt]) -> list[Outcome | None]:
        """Claim the keys and insert the complaints; None stands for one whose key was used before."""
        given = document(
            [(receipt.complaint, receipt.trace) for receipt in receipts],
            [None if receipt.key is None else (receipt.key, receipt.status) for receipt in receipts],
        )
        free = {row[0]: row[1] for row in await connection.fetch(CLAIM_AND_INSERT, given)}
        return [
            _outcome(receipt, free[receipt.complaint.id]) if receipt.complaint.id in free else None
            for receipt in receipts
        ]

    async def _apart(self, batch: Sequence[_Waiting], error: Exception) -> None:
        if len(batch) == 1 or is_away(error):
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        for waiting in batch:
            await self._alone(waiting)

    async def _alone(self, waiting: _Waiting) -> None:
        try:
            outcome = await self._singly.receive(waiting.receipt)
        except Exception as error:  # noqa: BLE001 - the sender is told, and nobody else
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
        else:
            if not waiting.answer.done():
                waiting.answer.set_result(outcome)


def _outcome(receipt: Receipt, number: int | None) -> Outcome:
    return AlreadyKnown() if number is None else receipt.complaint.numbered(number_text(number))


def _scope(key: RequestKey | None) -> tuple[str, str, str, str] | None:
    return None if key is None else (key.actor, key.method, key.route, key.key)


def _scopes(keys: Sequence[RequestKey]) -> tuple[list[str], ...]:
    return (
        [key.actor for key in keys],
        [key.method for key in keys],
        [key.route for key in keys],
        [key.key for key in keys],
    )
