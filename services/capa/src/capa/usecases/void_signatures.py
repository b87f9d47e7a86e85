"""What a change of a case's actions means for the signatures on its plan."""

from dataclasses import replace
from datetime import datetime

from capa.domain.case.case import Case
from capa.domain.case.signing import void_changed
from capa.usecases import chronicle
from capa.usecases.ports import Work
from common.actor import Actor


async def void_signatures(work: Work, case: Case, *, at: datetime, actor: Actor, because: str) -> None:
    """Void the signatures that no longer hold since an action was added or cancelled; nothing is written where all hold."""
    checked = void_changed(case, await work.actions.of_parent(case.id), at)
    if checked == case:
        return
    changed = replace(checked, version=case.version + 1)
    change = chronicle.of_case(
        case, changed, "plan_changed", at=at, actor=actor, reason=f"{because} changed the signed plan"
    )
    await work.cases.save(changed, change)
