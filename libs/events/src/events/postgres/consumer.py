"""The consumer: hands each record to its handler, exactly once in effect, and decides what a failure means.

Database away: wait, without limit, and count nothing. One record that fails alone: try again in place for a bound,
then park it with every later event of its key behind it. What can never work is a dead letter.

Events of one group handler that were read one after another are handled in one transaction; where that fails, whatever
the reason, each is handled alone, so that no event shares the fate of its neighbours.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, assert_never

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.clock import Clock
from events import codec
from events.backoff import delay
from events.delivery import Claim, Delivered, Delivery, Handlers
from events.failures import NeverWillWork
from events.postgres import metrics, parking
from events.postgres.away import DATABASE_FAILURES
from events.postgres.hearing import (
    Heard,
    Skipped,
    Together,
    Unread,
    Wanted,
    gather,
    hand_over,
    hear,
)
from events.postgres.parking import Identity, Parked
from events.transport import Received
from events.turning import Beat, unwatched

log = logging.getLogger(__name__)

Outcome = Literal["handled", "duplicate", "ignored", "unknown_type", "parked", "dead"]


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """How long a failing record is tried; times in seconds."""

    retry_for: float = 30.0
    """Tried in place for so long, then parked."""
    first_delay: float = 0.1
    longest_delay: float = 5.0
    attempts: int = 3
    """Tried in place at least so often, even where each try takes long."""
    parked_first_delay: float = 10.0
    parked_longest_delay: float = 3600.0
    parked_attempts: int = 12
    """Then it is dead: with the delays above, after about five hours."""
    parked_lease: float = 120.0
    parked_poll: float = 1.0
    database_probe: float = 2.0
    together: int = 64
    """At most so many events are handled in one transaction."""


class Consumer:
    """What one group does with the records that it reads."""

    def __init__(
        self,
        engine: AsyncEngine,
        group: str,
        handlers: Handlers,
        clock: Clock,
        settings: ConsumerSettings | None = None,
    ) -> None:
        self._engine = engine
        self._group = group
        self._handlers = handlers
        self._clock = clock
        self._settings = settings or ConsumerSettings()

    async def handle(self, records: Sequence[Received]) -> int:
        """Finish records of one partition in order; tell how many are finished, which is all unless cancelled."""
        heard = (hear(received, self._group, self._handlers) for received in records)
        for found in gather(heard, self._settings.together):
            match found:
                case Together(events=events):
                    if len(events) == 1 or not await self._finish_together(found):
                        for each in events:
                            await self._finish(each)
                case _:
                    await self._finish(found)
        return len(records)

    async def drain(self, stop: asyncio.Event, beat: Beat = unwatched) -> None:
        """Try parked events again when their time has come, until stopped."""
        while not stop.is_set():
            beat()
            try:
                drained = await self.drain_one()
            except DATABASE_FAILURES:
                drained = False
            if not drained:
                try:
                    await asyncio.wait_for(stop.wait(), self._settings.parked_poll)
                except TimeoutError:
                    continue

    async def drain_one(self) -> bool:
        """Try the parked event that is due first; tell whether there was one."""
        now = self._clock()
        lease = now + timedelta(seconds=self._settings.parked_lease)
        parked = await parking.next_due(self._engine, self._group, now=now, lease_until=lease)
        if parked is None:
            return False
        await self._try_parked(parked)
        return True

    async def _finish_together(self, group: Together) -> bool:
        """Handle a group in one transaction; tell whether it worked."""
        started = time.monotonic()
        deliveries = [Delivered(each.event, each.delivery) for each in group.events]
        try:
            claims = await group.handler.handle(deliveries)
            claimed = list(zip(group.events, claims, strict=True))
        except Exception:
            # Whichever it was: alone, each has its own tries and its own fate.
            log.warning(
                "a group of events failed, and each is handled alone",
                extra={"events": len(deliveries)},
                exc_info=True,
            )
            return False
        for each, claim in claimed:
            _measure(each, await self._settle(each, claim), started)
        return True

    async def _finish(self, heard: Heard) -> None:
        started = time.monotonic()
        _measure(heard, await self._outcome(heard), started)

    async def _outcome(self, heard: Heard) -> Outcome:
        match heard:
            case Wanted():
                return await self._handle_alone(heard)
            case Skipped(outcome=outcome):
                return outcome
            case Unread(received, reason, detail):
                return await self._bury_unread(received, reason, detail)
            case never:
                assert_never(never)

    async def _handle_alone(self, wanted: Wanted) -> Outcome:
        attempts, first_failure = 0, time.monotonic()
        while True:
            try:
                claim = await hand_over(wanted.handler, wanted.event, wanted.delivery)
            except NeverWillWork as failure:
                return await self._bury(wanted.received, _identity(wanted), failure.code, str(failure))
            except Exception as error:
                if not await self._database_answers():
                    await self._until_database_answers()
                    continue
                attempts += 1
                if (
                    attempts >= self._settings.attempts
                    and time.monotonic() - first_failure >= self._settings.retry_for
                ):
                    log.exception("an event cannot be handled now and is parked", extra=_names(wanted))
                    return await self._park(wanted, "failing", _said(error), attempts=attempts)
                log.warning("an event failed and is tried again", extra=_names(wanted), exc_info=True)
                await asyncio.sleep(
                    delay(attempts, first=self._settings.first_delay, longest=self._settings.longest_delay)
                )
            else:
                return await self._settle(wanted, claim)

    async def _settle(self, wanted: Wanted, claim: Claim) -> Outcome:
        match claim:
            case Claim.NEW:
                age = (self._clock() - wanted.event.recorded_at).total_seconds()
                metrics.EVENT_AGE_SECONDS.labels(wanted.received.record.topic).observe(max(age, 0))
                return "handled"
            case Claim.SEEN:
                return "duplicate"
            case Claim.BLOCKED:
                behind = f"an earlier event of {wanted.event.key} is parked"
                return await self._park(wanted, "behind", behind, attempts=0)
            case never:
                assert_never(never)

    async def _try_parked(self, parked: Parked) -> None:
        decoded = codec.decode(parked.received.record)
        if not isinstance(decoded, codec.Known):
            await self._bury_parked(parked, "undecodable", "this code cannot read the event")
            return
        handler = self._handlers.get(type(decoded.event.data))
        if handler is None:
            await self._bury_parked(parked, "unhandled", f"nothing here handles {decoded.event.type}")
            return
        identity = parked.identity
        delivery = Delivery(self._group, identity.source, identity.event_id, identity.key, parked=parked.id)
        try:
            # Where another has drained it there is nothing left to do.
            await hand_over(handler, decoded.event, delivery)
        except NeverWillWork as failure:
            await self._bury_parked(parked, failure.code, str(failure))
        except Exception as error:
            log.warning("a parked event failed again", extra={"parked": parked.id}, exc_info=True)
            await self._failed_again(parked, error)

    async def _failed_again(self, parked: Parked, error: Exception) -> None:
        if not await self._database_answers():
            return
        settings = self._settings
        if parked.attempts >= settings.parked_attempts:
            await self._bury_parked(parked, "attempts_used_up", _said(error))
            return
        seconds = delay(
            parked.attempts, first=settings.parked_first_delay, longest=settings.parked_longest_delay
        )
        async with self._engine.begin() as connection:
            await parking.again_later(
                connection,
                parked.id,
                at=self._clock() + timedelta(seconds=seconds),
                reason="failing",
                detail=_said(error),
            )

    async def _park(self, wanted: Wanted, reason: str, detail: str, *, attempts: int) -> Outcome:
        return await self._set_aside(
            wanted.received, _identity(wanted), reason, detail, attempts=attempts, dead=False
        )

    async def _bury(self, received: Received, identity: Identity, reason: str, detail: str) -> Outcome:
        return await self._set_aside(received, identity, reason, detail, attempts=1, dead=True)

    async def _bury_unread(self, received: Received, reason: str, detail: str) -> Outcome:
        log.error(
            "a record cannot be read and becomes a dead letter", extra={"reason": reason, "detail": detail}
        )
        named = codec.identity(received.record)
        # Without a name of its own a record is named by where it stood, so that a second delivery is known again.
        source, event_id = named or (
            f"/{received.record.topic}",
            f"{received.partition}:{received.position}",
        )
        key = _plain(received.record.key.decode("utf-8", "replace"))
        return await self._bury(received, Identity(_plain(source), _plain(event_id), key), reason, detail)

    async def _set_aside(
        self, received: Received, identity: Identity, reason: str, detail: str, *, attempts: int, dead: bool
    ) -> Outcome:
        while True:
            try:
                return await self._write_aside(
                    received, identity, reason, detail, attempts=attempts, dead=dead
                )
            except DATABASE_FAILURES:
                # There is nowhere else to put it, and dropping it is no choice.
                log.exception("an event could not be set aside and is tried again")
                await asyncio.sleep(self._settings.longest_delay)
                await self._until_database_answers()

    async def _write_aside(
        self, received: Received, identity: Identity, reason: str, detail: str, *, attempts: int, dead: bool
    ) -> Outcome:
        now = self._clock()
        async with self._engine.begin() as connection:
            parked_id = await parking.park(
                connection,
                self._group,
                received,
                identity,
                reason=reason,
                detail=detail,
                attempts=attempts,
                next_attempt_at=now
                + timedelta(seconds=self._settings.parked_first_delay if reason == "failing" else 0),
                now=now,
            )
            if parked_id is None:
                return "duplicate"
            if dead:
                await parking.bury(connection, parked_id, reason=reason, detail=detail, now=now)
                metrics.count_dead_letter(received.record.topic, reason)
        return "dead" if dead else "parked"

    async def _bury_parked(self, parked: Parked, reason: str, detail: str) -> None:
        async with self._engine.begin() as connection:
            if await parking.bury(connection, parked.id, reason=reason, detail=detail, now=self._clock()):
                metrics.count_dead_letter(parked.received.record.topic, reason)

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(self._settings.database_probe), self._engine.connect() as connection:
                await connection.execute(sa.text("SELECT 1"))
        except Exception:  # noqa: BLE001  (any failure of so small a question means that it is away)
            return False
        return True

    async def _until_database_answers(self) -> None:
        tried = 0
        while not await self._database_answers():
            tried += 1
            await asyncio.sleep(
                delay(tried, first=self._settings.first_delay, longest=self._settings.longest_delay)
            )


def _said(error: Exception) -> str:
    """Say what failed, by type alone for a database error, whose text repeats the values."""
    if isinstance(error, sa.exc.DBAPIError):
        return f"{type(error).__name__} ({type(error.orig).__name__})"
    return f"{type(error).__name__}: {error}"


def _plain(text: str) -> str:
    return text.replace("\x00", "�")[:500]


def _identity(wanted: Wanted) -> Identity:
    delivery = wanted.delivery
    return Identity(delivery.source, delivery.event_id, delivery.key)


def _names(wanted: Wanted) -> dict[str, str]:
    delivery = wanted.delivery
    return {"topic": wanted.received.record.topic, "event_id": delivery.event_id, "key": delivery.key}


def _measure(heard: Heard, outcome: Outcome, started: float) -> None:
    topic = heard.received.record.topic
    metrics.CONSUMED.labels(topic, outcome).inc()
    metrics.PROCESS_SECONDS.labels(topic, outcome).observe(time.monotonic() - started)
