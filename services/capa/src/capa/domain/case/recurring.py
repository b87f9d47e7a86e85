"""After the end: trouble that comes back is noted on the closed case, and what was decided about it."""

from dataclasses import replace
from typing import Literal
from uuid import UUID

from capa.domain.case.case import Case
from capa.domain.case.command import Taken, settled
from capa.domain.case.facts import Noted, Recurred
from capa.domain.case.guards import Circumstances
from capa.domain.case.values import RecurrenceFound


def recur(case: Case, found: RecurrenceFound, around: Circumstances) -> Taken:
    """Note a recurrence on a closed case; from now on somebody has to decide about it by a due time."""
    noted = replace(case, recurrences=(*case.recurrences, found))
    return settled(case, Taken(noted, (Recurred(found),), found.explanation), around)


def decided(
    case: Case,
    signal_id: UUID,
    decision: Literal["confirmed", "dismissed"],
    around: Circumstances,
    *,
    reason: str,
    led_to: UUID | None = None,
) -> Case:
    """Write what was decided into the recurrence of this signal."""
    return replace(
        case,
        recurrences=tuple(
            replace(
                each,
                decision=decision,
                decided_by=around.by,
                decided_at=around.now,
                reason=reason,
                led_to=led_to,
            )
            if each.signal_id == signal_id
            else each
            for each in case.recurrences
        ),
    )


def settle(before: Case, after: Case, around: Circumstances, reason: str) -> Taken:
    """Note what was decided: nobody is reminded of it any more."""
    return settled(before, Taken(after, (Noted(),), reason), around)
