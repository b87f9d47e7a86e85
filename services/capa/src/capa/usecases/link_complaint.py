"""Links a complaint to a nonconformity by hand, where triage did not."""

from dataclasses import dataclass
from uuid import UUID

from capa.domain.blockers import require
from capa.domain.nonconformity import Nonconformity
from capa.domain.nonconformity_steps import Step, Surroundings, blocked
from capa.usecases import chronicle
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import StartWork
from capa.usecases.take_nonconformity_step import NonconformityTarget
from common.clock import Clock


@dataclass(frozen=True, slots=True)
class LinkComplaint:
    """Links and announces it, as triage would; a graver complaint raises the severity."""

    start_work: StartWork
    clock: Clock
    announcer: Announcer

    async def __call__(self, target: NonconformityTarget, complaint_id: UUID, cause: Cause) -> Nonconformity:
        """Give the nonconformity after the link; refuses with ComplaintUnknown, AlreadyLinked or StepNotPossible."""
        async with self.start_work() as work:
            value = await work.nonconformities.get(target.nonconformity)
            value.expect(target.version)
            require(value.number, Step.LINK_COMPLAINT, blocked(value, Surroundings()))
            complaint = await work.nonconformities.complaint(complaint_id)
            now = self.clock()
            linked, fact = value.link(complaint)
            await work.nonconformities.link(
                linked, complaint, chronicle.of_linked(linked, fact, now, cause.actor)
            )
            work.announce(self.announcer.linked(linked, fact, now, cause))
            return linked
