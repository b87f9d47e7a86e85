"""Has a complaint's clocks follow an amendment: corrected times, severity and product count from now on."""

from collections.abc import Sequence

from intake.domain.clocks.following import Change
from intake.domain.clocks.happening import Happened, Happening, situation_of
from intake.domain.complaint import Complaint
from intake.usecases.clockwork import Clockwork
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import Work


async def follow_amendment(
    work: Work, clockwork: Clockwork, complaint: Complaint, cause: Cause
) -> Sequence[Change]:
    """Follow it in the transaction that amended the complaint, which is locked; gives what changed."""
    handling = await work.handlings.of(complaint.id)
    happened = Happened(Happening.AMENDED, cause.now)
    return await clockwork.follow(work, complaint, situation_of(complaint, handling), [happened], cause)
