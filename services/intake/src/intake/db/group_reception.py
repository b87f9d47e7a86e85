"""Receives complaints that arrive together in one transaction with statements of many rows.

A lone complaint is written at once; while a transaction is under way the next ones gather and go in together after it. Two
transactions at a time would only make the batches smaller, unless one takes long: then the next does not wait for it.
Every answer waits for the commit that holds it. A transaction that fails is done again one by one, so that one row
never fails its neighbours.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import DriverConnection, driver_connection, is_away
from chassis.logging import get_logger
from chassis.transactions import transaction_begun
from common.clock import Clock
from common.tracing import Span
from events.catalogue import topic_of
from events.postgres import outbox
from events.wake import Wake
from intake.db import inserting
from intake.db.clock_patterns import ClockPatterns
from intake.db.inserting import NUMBERS, RECEIVE, TOLD, claim, document, draft_row
from intake.db.reception import PlainReception
from intake.db.rows import number_text
from intake.domain.complaint import Complaint
from intake.usecases.ports import AlreadyKnown, Draft, Receipt, Repeated

TOPIC: Final = topic_of("intake")
MOST_TOGETHER: Final = 64
WRITERS: Final = 2
PATIENCE_SECONDS: Final = 0.05
"""How long a transaction may take before those who wait get another one: far longer than one takes on a sound disk."""

log = get_logger("intake.reception")

Outcome = Complaint | AlreadyKnown | Repeated


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A complaint whose sender waits for the answer."""

    receipt: Receipt
    answer: "asyncio.Future[Outcome]"
    span: Span | None
    """The sender's wait for its commit, where that is traced."""

    @property
    def claims(self) -> tuple[object, ...]:
        """What no two complaints of one batch may both claim."""
        complaint, key = self.receipt.complaint, self.receipt.key
        identity = (complaint.source_system, complaint.external_id) if complaint.external_id else None
        use = None if key is None else (key.actor, key.method, key.route, key.key)
        return tuple(claim for claim in (identity, use) if claim is not None)


class GroupReception:
    """A `Reception` that commits together what arrives together."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        wake: Wake,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake
        self._singly = PlainReception(engine, clock, wake)
        self._queue: deque[_Waiting] = deque()
        self._drawn: deque[int] = deque()
        self._usual = 1
        self._writers: set[asyncio.Task[None]] = set()
        self._writing = 0
        self._began = 0.0
        self._patience = patience_seconds
        self._alarm: asyncio.TimerHandle | None = None

    async def receive(self, receipt: Receipt) -> Outcome:
        """Write it down, or tell that it is known already or was asked for before; then nothing is written."""
        span = transaction_begun(self._engine)
        waiting = _Waiting(receipt, asyncio.get_running_loop().create_future(), span)
        self._queue.append(waiting)
        if not self._writing:
            self._begin_writing()
        elif self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(self._patience, self._look_after)
        if span is None:
            return await waiting.answer
        return await _watched(waiting.answer, span)

    def _begin_writing(self) -> None:
        self._writing += 1
        # A writer works for many senders, so that its log lines and spans belong to none of their stories.
        writer = asyncio.create_task(self._write(), context=contextvars.Context())
        self._writers.add(writer)
        writer.add_done_callback(self._writers.discard)

    def _look_after(self) -> None:
        """Begin another transaction for those who wait, where the one under way takes long."""
        self._alarm = None
        if not self._queue:
            return
        if self._writing < WRITERS and self._takes_long():
            self._begin_writing()
        self._alarm = asyncio.get_running_loop().call_later(self._patience, self._look_after)

    async def _write(self) -> None:
        try:
            while self._queue and (self._writing == 1 or self._takes_long()):
                await self._write_on()
        finally:
            self._writing -= 1

    async def _write_on(self) -> None:
        """Write batch after batch on one connection."""
        batch, unclear = self._gather(), list[_Waiting]()
        try:
            async with driver_connection(self._engine) as connection:
                while batch and not unclear:
                    self._began = asyncio.get_running_loop().time()
                    _tell_together(batch)
                    outcomes = await self._together(connection, [waiting.receipt for waiting in batch])
                    unclear = _answer(batch, outcomes)
                    batch = self._gather() if not unclear and self._writing == 1 else []
        except Exception as error:  # noqa: BLE001 - whatever it is, each sender gets an answer of its own
            await self._apart(batch, error)
        for waiting in unclear:
            await self._alone(waiting)

    def _takes_long(self) -> bool:
        """Whether the transaction that began last, or what came of it, is still under way after all patience."""
        return asyncio.get_running_loop().time() - self._began >= self._patience

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

    async def _together(
        self, connection: DriverConnection, receipts: Sequence[Receipt]
    ) -> list[Outcome | None]:
        """Write a batch in one transaction; None stands for what has to be looked at alone."""
        numbers = await self._draw(connection, len(receipts))
        complaints = [
            receipt.complaint.numbered(number_text(number))
            for receipt, number in zip(receipts, numbers, strict=True)
        ]
        # SQLAlchemy's way to run a statement costs several times what the driver's own does, once for each batch.
        # Numbers for the next batch come along, so that PostgreSQL is asked once for each.
        values = self._values(receipts, complaints, numbers)
        self._usual = max(len(receipts), len(self._queue), (self._usual + len(receipts)) // 2)
        rows = await connection.fetch(RECEIVE, *values)
        codes = {identity: code for identity, code, _ in rows}
        self._drawn.extend(number for _, _, number in rows if number is not None)
        self._drawn.extend(
            number
            for complaint, number in zip(complaints, numbers, strict=True)
            if codes[complaint.id] != TOLD
        )
        self._wake.ring()
        return [_outcome(complaint, codes[complaint.id]) for complaint in complaints]

    async def _draw(self, connection: DriverConnection, count: int) -> list[int]:
        """Take numbers for a batch; they are lost where it fails, since nobody knows whether it used them."""
        # Taken before anything is awaited, or the other writer would take the same ones meanwhile.
        numbers = [self._drawn.popleft() for _ in range(min(count, len(self._drawn)))]
        if len(numbers) < count:
            numbers += [row[0] for row in await connection.fetch(NUMBERS, count - len(numbers))]
        return numbers

    def _values(
        self, receipts: Sequence[Receipt], complaints: Sequence[Complaint], numbers: Sequence[int]
    ) -> tuple[object, ...]:
        told = list(zip(receipts, complaints, strict=True))
        patterns = ClockPatterns()
        rows = [
            _row(receipt, complaint, number, patterns)
            for (receipt, complaint), number in zip(told, numbers, strict=True)
        ]
        stories = [(complaint.id, receipt.announce(complaint)) for receipt, complaint in told]
        events = [event for _, story in stories for event in story]
        ids = [complaint_id for complaint_id, story in stories for _ in story]
        places = [place for _, story in stories for place in range(1, len(story) + 1)]
        more = max(0, self._usual - len(self._drawn))
        told_of = outbox.values(TOPIC, events, now=self._clock())
        return document(rows), ids, *told_of, more, places, patterns.document()

    async def _apart(self, batch: Sequence[_Waiting], error: Exception) -> None:
        if is_away(error):
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        log.info("batch_done_again_singly", complaints=len(batch), reason=type(error).__name__)
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


async def _watched(answer: "asyncio.Future[Outcome]", span: Span) -> Outcome:
    try:
        return await answer
    except Exception as error:
        span.fail(type(error).__name__)
        raise
    finally:
        span.end()


def _tell_together(batch: Sequence[_Waiting]) -> None:
    """Note in each sender's span how many complaints its transaction writes."""
    for waiting in batch:
        if waiting.span is not None:
            waiting.span.set("db.operation.batch.size", len(batch))


def _answer(batch: Sequence[_Waiting], outcomes: Sequence[Outcome | None]) -> list[_Waiting]:
    """Answer each sender, and give those whose outcome is not clear yet."""
    unclear = []
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if outcome is None:
            unclear.append(waiting)
        elif not waiting.answer.done():
            waiting.answer.set_result(outcome)
    return unclear


def _outcome(complaint: Complaint, code: int) -> Outcome | None:
    match code:
        case inserting.TOLD:
            return complaint
        case inserting.KNOWN:
            return AlreadyKnown()
        case _:
            return None


def _row(receipt: Receipt, complaint: Complaint, number: int, patterns: ClockPatterns) -> dict[str, Any]:
    row = draft_row(Draft(complaint, receipt.trace, receipt.begun), patterns)
    row["number"] = number
    if receipt.key is not None:
        row |= claim(receipt.key, receipt.status)
    return row
