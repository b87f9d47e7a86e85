"""Writes down what came of an attempt to send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from common.clock import Clock
from notifier.domain.deadline import Deadline, Key
from notifier.domain.delivery import Delivery, DeliveryState, Pace, Retries
from notifier.domain.facts import Fact, NoticeFailed, NoticeSent
from notifier.domain.notice import UNDELIVERED_SUFFIX, Notice, NoticeState, why_silent
from notifier.domain.outcomes import GaveUp, Outcome, Sent, TryLater
from notifier.domain.person import Channel, Person, disable_webhook
from notifier.domain.routing import People, Unroutable, Why, addressee, explain
from notifier.usecases.outgoing import ACTOR, announce
from notifier.usecases.ports import StartWork, Work
from notifier.usecases.prepare_deliveries import Prepared
from notifier.usecases.tell import Telling, notices_to, post, stand_in

Result = Literal["sent", "failed", "gave_up", "lost"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the delivery became (`lost` where another process has taken it up meanwhile), and its notices."""

    result: Result
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class RecordAttempt:
    """Ends an attempt: sent and announced, tried again later, or given up, failed and told to a stand-in."""

    start_work: StartWork
    clock: Clock
    pace: Pace
    retries: Retries
    fallback: str

    async def __call__(self, prepared: Prepared, outcome: Outcome) -> Recorded:
        """Record the outcome, unless the lease was lost: then only the attempt is noted."""
        now = self.clock()
        number = prepared.delivery.attempts
        async with self.start_work() as work:
            delivery = await work.deliveries.lock_sending(prepared.delivery.id, prepared.token)
            word, reason = _word(outcome)
            await work.deliveries.end_attempt(
                prepared.delivery.id, number, outcome=word, reason=reason, now=now
            )
            if delivery is None:
                await work.deliveries.touch(prepared.delivery.id)
                return Recorded("lost", ())
            match outcome:
                case Sent():
                    return await self._sent(work, delivery, now)
                case TryLater():
                    return await self._later(work, delivery, outcome, now)
                case GaveUp():
                    return await self._gave_up(work, delivery, outcome, now)
                case never:
                    assert_never(never)

    async def _sent(self, work: Work, delivery: Delivery, now: datetime) -> Recorded:
        notices = await work.notices.planned_of(delivery.id)
        deadlines = await work.deadlines.lock_many({_key(notice) for notice in notices})
        await work.notices.finish(delivery.id, NoticeState.SENT, None, now=now)
        await work.deliveries.settle(
            delivery.id,
            DeliveryState.SENT,
            reason=None,
            next_attempt_at=None,
            maybe_duplicate=delivery.maybe_duplicate,
            now=now,
        )
        facts = [
            NoticeSent(deadlines[_key(notice)], notice, delivery.maybe_duplicate, now) for notice in notices
        ]
        await announce(work, facts, now)
        return Recorded("sent", notices)

    async def _later(self, work: Work, delivery: Delivery, outcome: TryLater, now: datetime) -> Recorded:
        at = self.retries.next_attempt(now, delivery.tries, outcome.after)
        if at is None:
            return await self._gave_up(work, delivery, GaveUp(outcome.reason), now)
        await work.deliveries.settle(
            delivery.id,
            DeliveryState.FAILED,
            reason=outcome.reason,
            next_attempt_at=at,
            maybe_duplicate=delivery.maybe_duplicate or outcome.maybe_delivered,
            now=now,
        )
        return Recorded("failed", ())

    async def _gave_up(self, work: Work, delivery: Delivery, outcome: GaveUp, now: datetime) -> Recorded:
        notices = await work.notices.planned_of(delivery.id)
        deadlines = await work.deadlines.lock_many({_key(notice) for notice in notices})
        await work.notices.finish(delivery.id, NoticeState.FAILED, outcome.reason, now=now)
        await work.deliveries.settle(
            delivery.id,
            DeliveryState.GAVE_UP,
            reason=outcome.reason,
            next_attempt_at=None,
            maybe_duplicate=delivery.maybe_duplicate,
            now=now,
        )
        if outcome.disable and delivery.channel is Channel.WEBHOOK:
            await _disable(work, delivery.recipient, outcome.reason, now)
        people = await work.people.with_managers([delivery.recipient, self.fallback])
        facts, stand_ins = self._tell_others(
            delivery, outcome.reason, notices, deadlines=deadlines, people=people, now=now
        )
        await post(work, stand_ins, self.pace, now)
        await announce(work, facts, now)
        return Recorded("gave_up", notices)

    def _tell_others(
        self,
        delivery: Delivery,
        reason: str,
        notices: Sequence[Notice],
        *,
        deadlines: Mapping[Key, Deadline],
        people: People,
        now: datetime,
    ) -> tuple[list[Fact], list[Notice]]:
        facts: list[Fact] = []
        stand_ins: list[Notice] = []
        for notice in notices:
            deadline = deadlines[_key(notice)]
            facts.append(NoticeFailed(deadline, notice, reason, delivery.attempts, now))
            if why_silent(deadline, notice.generation) is None:
                told = self._tell_other(deadline, notice, people, now)
                stand_ins += told.notices
                facts += [told.nobody] if told.nobody else []
        return facts, stand_ins

    def _tell_other(self, deadline: Deadline, notice: Notice, people: People, now: datetime) -> Telling:
        step = notice.step.removesuffix(UNDELIVERED_SUFFIX) + UNDELIVERED_SUFFIX
        unroutable = Unroutable("recipient", Why.UNDELIVERED, notice.recipient)
        manager = addressee("manager", notice.recipient, people)
        if isinstance(manager, Person) and not notice.is_about_failure:
            return notices_to(deadline, step, notice.kind, manager, why=explain(unroutable), now=now)
        return stand_in(
            deadline, step, notice.kind, unroutable, people=people, fallback=self.fallback, now=now
        )


async def _disable(work: Work, person_id: str, reason: str, now: datetime) -> None:
    person = await work.people.lock(person_id)
    change = None if person is None else disable_webhook(person, reason, now=now)
    if change is not None:
        await work.people.save(change.person)
        await work.people.remember(
            person_id,
            at=now,
            actor=str(ACTOR),
            action="webhook_disabled",
            changes=change.changes,
            reason=reason,
        )


def _word(outcome: Outcome) -> tuple[str, str | None]:
    match outcome:
        case Sent():
            return "sent", None
        case TryLater(reason):
            return "try_later", reason
        case GaveUp(reason):
            return "gave_up", reason
        case never:
            assert_never(never)


def _key(notice: Notice) -> Key:
    return notice.subject_id, notice.clock
