"""What acknowledging and snoozing do alike: look at the ladder under the deadline's lock, and keep what was answered."""

from dataclasses import dataclass

from common.actor import Actor
from common.refusals import require_version
from notifier.domain.answer import Answer, Standing
from notifier.domain.deadline import Deadline, Key
from notifier.domain.errors import DeadlineUnknown
from notifier.domain.facts import Answered
from notifier.usecases.outgoing import announce
from notifier.usecases.ports import Work
from notifier.usecases.views import DeadlineView


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says to the notices of a deadline; `may_stand_in` is the right to answer for its owner."""

    key: Key
    by: Actor
    reason: str | None
    may_stand_in: bool
    expected_version: int | None


async def look_at(work: Work, said: Said) -> tuple[Deadline, Standing]:
    """Lock the deadline and see where its ladder stands, or refuse with DeadlineUnknown or Stale.

    A timer that fires meanwhile waits for the lock, and afterwards finds its step fired or postponed.
    """
    deadline = (await work.deadlines.lock_many([said.key])).get(said.key)
    if deadline is None:
        raise _unknown(said.key)
    require_version(said.expected_version, deadline.version)
    rungs = await work.timers.rungs_of(deadline)
    answers = (await work.answers.of([said.key])).get(said.key, ())
    standing = Standing(
        fired=rungs.fired,
        waiting=rungs.waiting,
        with_others=await work.notices.are_with_others(deadline),
        answers=tuple(answer for answer in answers if answer.generation == deadline.generation),
    )
    return deadline, standing


async def keep(work: Work, deadline: Deadline, answer: Answer) -> None:
    """Keep an answer, postpone what it postpones, and announce it."""
    await work.answers.add(answer)
    if answer.postponed is not None:
        await work.timers.postpone(deadline, answer.postponed.step, answer.postponed.to)
    await announce(work, [Answered(deadline, answer)], answer.at)


async def shown(work: Work, key: Key) -> DeadlineView:
    """Read the deadline as it is shown."""
    view = await work.deadlines.view(key)
    if view is None:
        raise _unknown(key)
    return view


def _unknown(key: Key) -> DeadlineUnknown:
    return DeadlineUnknown(f"there is no deadline {key[1]} of {key[0]}")
