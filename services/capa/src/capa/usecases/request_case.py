"""Requests a corrective-action case, or the successor of one whose trouble came back."""

from dataclasses import dataclass, replace
from uuid import UUID

from capa.domain.case.case import FINAL, Case
from capa.domain.case.command import Taken
from capa.domain.case.guards import Circumstances
from capa.domain.case.screening import Request, request
from capa.domain.case.values import RecordLink
from capa.domain.errors import LinkUnknown
from capa.domain.risk import CasePolicy
from capa.usecases import chronicle
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.cause import Cause
from capa.usecases.ports import StartWork, Work
from capa.usecases.take_case_step import require_known
from common.clock import Clock
from common.ids import new_id
from common.refusals import FieldError


@dataclass(frozen=True, slots=True)
class RequestCase:
    """Makes a case that waits to be screened; it belongs to the story of the first nonconformity that it answers."""

    start_work: StartWork
    clock: Clock
    announcer: CaseAnnouncer
    policy: CasePolicy

    async def __call__(self, asked: Request, cause: Cause) -> Case:
        """Give the case; refuses with LinkUnknown where a nonconformity or the earlier case does not exist."""
        async with self.start_work() as work:
            asked = replace(asked, nonconformity_ids=tuple(dict.fromkeys(asked.nonconformity_ids)))
            await require_known(work, [RecordLink("nonconformity", each) for each in asked.nonconformity_ids])
            if asked.recurrence_of is not None:
                _require_ended(await work.cases.get(asked.recurrence_of))
            around = Circumstances(
                by=str(cause.actor), rights=cause.rights, now=self.clock(), policy=self.policy
            )
            taken = await request_in(work, asked, await _story(work, asked), around, cause)
            work.announce(*self.announcer.of_case(taken.case, taken.facts, around.now, cause))
            return taken.case


async def request_in(
    work: Work, asked: Request, correlation_id: UUID, around: Circumstances, cause: Cause
) -> Taken:
    """Write a case that waits to be screened, as a part of the story of this id."""
    taken = request(
        asked,
        case_id=new_id(),
        number=await work.cases.next_number(),
        correlation_id=correlation_id,
        around=around,
    )
    change = chronicle.of_case(None, taken.case, "requested", at=around.now, actor=cause.actor)
    await work.cases.add(taken.case, change)
    return taken


def _require_ended(earlier: Case) -> None:
    if earlier.state not in FINAL:
        raise LinkUnknown(
            f"{earlier.number} is {earlier.state}: what is not ended has no successor.",
            FieldError("/recurrence_of", "not_ended", "The earlier case is still open.", "work on that case"),
        )


async def _story(work: Work, asked: Request) -> UUID:
    if asked.nonconformity_ids:
        return (await work.nonconformities.get(asked.nonconformity_ids[0])).correlation_id
    if asked.recurrence_of is not None:
        return (await work.cases.get(asked.recurrence_of)).correlation_id
    return new_id()
