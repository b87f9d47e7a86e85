"""Ends the windows of monitoring whose time is over: the effect must be reviewed now."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from capa.domain.case.carrying_out import end_monitoring
from capa.domain.case.guards import Circumstances
from capa.domain.risk import CasePolicy
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.cause import Cause
from capa.usecases.ports import StartWork
from capa.usecases.take_case_step import keep
from common.actor import Actor
from common.clock import Clock

AT_ONCE: Final = 100
"""So many cases are looked at before others get their turn."""

_CAPA: Final = Cause(Actor("service", "capa"))


@dataclass(frozen=True, slots=True)
class EndMonitoring:
    """Moves each case in a transaction of its own; any number of processes may do it, since each looks again."""

    start_work: StartWork
    clock: Clock
    announcer: CaseAnnouncer
    policy: CasePolicy

    async def __call__(self) -> int:
        """Tell how many cases were moved."""
        async with self.start_work() as work:
            ended = await work.cases.monitored_until(self.clock(), AT_ONCE)
        return sum([await self._end(case_id) for case_id in ended])

    async def _end(self, case_id: UUID) -> bool:
        async with self.start_work() as work:
            case = await work.cases.get(case_id)
            now = self.clock()
            around = Circumstances(
                by=str(_CAPA.actor),
                rights=_CAPA.rights,
                now=now,
                policy=self.policy,
                actions=await work.actions.of_parent(case_id),
            )
            taken = end_monitoring(case, around)
            if taken is None:
                return False
            await keep(work, case, taken, "monitoring-ended", at=now, cause=_CAPA)
            work.announce(*self.announcer.of_case(taken.case, taken.facts, now, _CAPA))
            return True
