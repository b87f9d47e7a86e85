"""Has a complaint's clocks follow that it belongs to a nonconformity, which may have been contained before that."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from common.actor import Actor
from intake.domain.clocks.following import Change
from intake.domain.clocks.happening import Happened, Happening, situation_of
from intake.usecases.clockwork import Clockwork
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import Work

CAPA: Final = Actor("service", "capa")
"""Who has clocks end by what it tells."""


async def follow_link(
    work: Work,
    clockwork: Clockwork,
    link: Callable[[], Awaitable[None]],
    *,
    complaint_id: UUID | None,
    nonconformity_id: UUID | None,
    now: datetime,
) -> Sequence[Change]:
    """Link, and have the complaint's clocks follow a containment that was done before; gives what changed."""
    contained_at = None
    if complaint_id is not None and nonconformity_id is not None:
        contained_at = await work.clocks.contained_before_link(complaint_id, nonconformity_id)
    if complaint_id is None or contained_at is None:
        await link()
        return ()
    # The complaint is locked before anything of the nonconformity is written, which is the order of all who write.
    timed = await work.clocks.timed(complaint_id)
    await link()
    happened = Happened(Happening.CONTAINED, contained_at)
    situation = situation_of(timed.complaint, timed.handling)
    return await clockwork.follow(work, timed.complaint, situation, [happened], Cause(CAPA, now))
