"""Raises a signal about an episode, unless that is no news."""

from datetime import datetime
from typing import Final

from capa.domain.signals.signal import Episode, Signal, State, is_news
from capa.usecases.cause import Cause
from capa.usecases.ports import Work
from capa.usecases.signal_telling import raised, raising
from common.actor import Actor
from common.ids import new_id

CAPA: Final = Cause(Actor("service", "capa"))
"""The cause of what capa finds by itself."""


async def raise_signal(work: Work, episode: Episode, policy_version: str, now: datetime) -> Signal | None:
    """Write and announce a signal; None while one is latched for its place and rule, or on old evidence."""
    known = [each for each in await work.signals.of_place(episode.place) if each.episode.rule == episode.rule]
    if not is_news(episode, known):
        return None
    signal = Signal(
        id=new_id(),
        number=await work.signals.next_number(),
        state=State.RAISED,
        episode=episode,
        policy_version=policy_version,
        raised_at=now,
        decided_at=None,
        cleared_at=None,
        reason="",
        clear_reason="",
        nonconformity_id=None,
        version=1,
    )
    await work.signals.add(signal, raising(signal, CAPA))
    work.announce(raised(signal, CAPA))
    return signal
