"""What tells a case as it stands, to whoever may know nothing of it."""

from collections.abc import Iterator
from datetime import datetime

from capa.domain.case import facts
from capa.domain.case.case import Case, State


def standing_facts(case: Case) -> tuple[facts.CaseFact, ...]:
    """List what happened to a case in this round and still holds, and the deadlines that run."""
    return tuple(_facts(case))


def last_change(case: Case) -> datetime:
    """Tell when the last of these facts became true, as far as the case keeps it."""
    moments = (
        case.requested_at,
        case.accepted_at,
        case.containment.validated_at if case.containment else None,
        case.plan_approved_at,
        case.implemented_at,
        case.verification.verified_at if case.verification else None,
        case.reviews[-1].reviewed_at if case.reviews else None,
        case.hold.held_at if case.hold else None,
        case.closed_at,
        *(moment for each in case.recurrences for moment in (each.found_at, each.decided_at)),
    )
    return max(moment for moment in moments if moment is not None)


def _facts(case: Case) -> Iterator[facts.CaseFact]:
    yield facts.Requested()
    if case.accepted_at is not None:
        yield facts.Accepted()
    if case.containment is not None:
        yield facts.Contained()
    for cause in case.confirmed():
        yield facts.CauseConfirmed(cause)
    if case.plan_approved_at is not None:
        yield facts.PlanApproved()
    if case.implemented_at is not None:
        yield facts.Implemented()
    if case.verification is not None:
        yield facts.Verified()
        yield facts.MonitoringStarted()
    if case.reviews:
        yield facts.EffectDecided(case.reviews[-1].cycle)
    yield from _ends(case)
    for deadline in case.deadlines:
        yield facts.DeadlineStarted(deadline)


def _ends(case: Case) -> Iterator[facts.CaseFact]:
    match case.state:
        case State.REJECTED:
            yield facts.Rejected(case.ended_because or "")
        case State.CANCELLED:
            yield facts.Cancelled(case.ended_because or "")
        case State.CLOSED_EFFECTIVE:
            yield facts.Closed()
            for found in case.recurrences:
                if found.cycle == case.cycle:
                    yield facts.Recurred(found)
        case State.ON_HOLD:
            yield facts.PutOnHold(case.hold.reason if case.hold else "")
        case _:
            pass
