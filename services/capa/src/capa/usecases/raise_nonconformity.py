"""Raises a nonconformity that staff noticed: in an audit, at a supplier, in a process, or anywhere else."""

from dataclasses import dataclass

from capa.domain.nonconformity import Nonconformity
from capa.domain.nonconformity_steps import Finding, raise_by_hand
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import StartWork
from common.clock import Clock
from common.ids import new_id


@dataclass(frozen=True, slots=True)
class RaiseNonconformity:
    """Raises and announces it; complaints and actions are added to it by hand."""

    start_work: StartWork
    clock: Clock
    announcer: Announcer

    async def __call__(self, finding: Finding, cause: Cause) -> Nonconformity:
        """Give the nonconformity."""
        async with self.start_work() as work:
            raised, fact = raise_by_hand(
                finding,
                nonconformity_id=new_id(),
                number=await work.nonconformities.next_number(),
                correlation_id=new_id(),
                now=self.clock(),
            )
            await work.nonconformities.add(raised, chronicle.of_raised(raised, fact, cause.actor))
            work.announce(self.announcer.raised(raised, cause))
            return raised
