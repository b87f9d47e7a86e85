"""Receives complaints one by one, each in a transaction of its own."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.clock import Clock
from events.catalogue import topic_of
from events.postgres import outbox
from events.wake import Wake
from intake.db.inserting import insert_new
from intake.db.keys import claim_key
from intake.domain.complaint import Complaint
from intake.usecases.ports import AlreadyKnown, Draft, Receipt, Repeated

TOPIC = topic_of("intake")


class PlainReception:
    """A `Reception` with one transaction for each complaint: key, complaint with all that belongs to it, event."""

    def __init__(self, engine: AsyncEngine, clock: Clock, wake: Wake) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake

    async def receive(self, receipt: Receipt) -> Complaint | AlreadyKnown | Repeated:
        """Write it down, or tell that it is known already or was asked for before; then nothing is written."""
        async with self._engine.connect() as connection, connection.begin() as transaction:
            written = await self._write(connection, receipt)
            if not isinstance(written, Complaint):
                await transaction.rollback()
                return written
        self._wake.ring()
        return written

    async def _write(
        self, connection: AsyncConnection, receipt: Receipt
    ) -> Complaint | AlreadyKnown | Repeated:
        new = receipt.complaint
        if receipt.key is not None:
            repeated = await claim_key(connection, receipt.key, new.id, receipt.status, at=new.recorded_at)
            if repeated is not None:
                return repeated
        draft = Draft(new, receipt.trace, receipt.begun)
        number = (await insert_new(connection, [draft])).get(new.id)
        if number is None:
            return AlreadyKnown()
        complaint = new.numbered(number)
        await outbox.append(connection, TOPIC, receipt.announce(complaint), now=self._clock())
        return complaint
