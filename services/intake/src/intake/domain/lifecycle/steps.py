"""The table of steps: from which states each is possible, what it needs, where it leads, which scope and fact it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intake.domain.complaint import State
from intake.domain.lifecycle import facts
from intake.domain.lifecycle.words import Obstacle, Step

WRITE: Final = "complaints:write"
"""To hand over what the complainant says."""

WORK: Final = "complaints:work"
"""To do the owner's work."""

ASSESS: Final = "complaints:assess"
"""To judge what it is."""

DECIDE: Final = "complaints:decide"
"""To decide for the quality department."""

CLOSE: Final = "complaints:close"
"""To approve the closure."""

OPEN: Final = frozenset({State.RECEIVED, State.ASSESSED, State.INVESTIGATING, State.RESPONDED, State.LINKED})
"""The states in which something is still owed to the customer."""

NOWHERE: Final[frozenset[State]] = frozenset()


@dataclass(frozen=True, slots=True)
class StepRule:
    """One step: `needs` are the obstacles that it may meet beside its state and scope.

    `leads_to` are the states that it can lead to where it moves the complaint; where it does not, that stays where it is.
    """

    scope: str
    fact: type[facts.StepFact]
    states: frozenset[State]
    leads_to: frozenset[State] = NOWHERE
    needs: tuple[Obstacle, ...] = ()


def _of(*states: State) -> frozenset[State]:
    return frozenset(states)


RULES: Final[Mapping[Step, StepRule]] = {
    Step.ACKNOWLEDGE: StepRule(WORK, facts.Acknowledged, OPEN, needs=(Obstacle.ACKNOWLEDGED,)),
    Step.ASSESS: StepRule(
        ASSESS,
        facts.Assessed,
        _of(State.RECEIVED, State.ASSESSED, State.INVESTIGATING, State.RESPONDED),
        _of(State.ASSESSED),
    ),
    Step.REJECT: StepRule(
        ASSESS, facts.Rejected, _of(State.RECEIVED, State.ASSESSED), _of(State.NOT_A_COMPLAINT)
    ),
    Step.OVERRULE_REJECTION: StepRule(
        DECIDE, facts.Reopened, _of(State.NOT_A_COMPLAINT), _of(State.RECEIVED, State.ASSESSED)
    ),
    Step.LINK: StepRule(
        ASSESS,
        facts.Linked,
        _of(State.RECEIVED, State.ASSESSED),
        _of(State.LINKED),
        (
            Obstacle.HAS_DUPLICATES,
            Obstacle.MASTER_SELF,
            Obstacle.MASTER_LINKED,
            Obstacle.MASTER_ENDED,
            Obstacle.MASTER_PRODUCT,
        ),
    ),
    Step.ASSIGN: StepRule(WORK, facts.OwnerAssigned, OPEN, needs=(Obstacle.OWNER_SAME,)),
    Step.START_INVESTIGATION: StepRule(
        WORK,
        facts.InvestigationStarted,
        _of(State.ASSESSED),
        _of(State.INVESTIGATING),
        (Obstacle.NO_OWNER,),
    ),
    Step.WAIVE_INVESTIGATION: StepRule(
        DECIDE,
        facts.InvestigationWaived,
        _of(State.ASSESSED),
        needs=(Obstacle.WAIVED, Obstacle.NOT_REUSABLE),
    ),
    Step.UPDATE_CUSTOMER: StepRule(WORK, facts.CustomerUpdated, OPEN),
    Step.WAIT_FOR_CUSTOMER: StepRule(
        WORK, facts.WaitingBegan, OPEN, needs=(Obstacle.PERSON_ERASED, Obstacle.WAITING)
    ),
    Step.END_WAITING: StepRule(WORK, facts.WaitingEnded, OPEN, needs=(Obstacle.NOT_WAITING,)),
    Step.RESPOND: StepRule(
        WORK,
        facts.Responded,
        _of(State.ASSESSED, State.INVESTIGATING, State.LINKED),
        _of(State.RESPONDED),
        (Obstacle.NOT_INVESTIGATED, Obstacle.NO_OWNER, Obstacle.REPORTABILITY, Obstacle.RESPONDED),
    ),
    Step.CUSTOMER_ACCEPTS: StepRule(
        WRITE, facts.CustomerAccepted, _of(State.RESPONDED), needs=(Obstacle.ACCEPTED,)
    ),
    Step.CUSTOMER_REJECTS: StepRule(
        WRITE,
        facts.CustomerRejected,
        _of(State.RESPONDED),
        _of(State.INVESTIGATING),
        (Obstacle.PERSON_ERASED,),
    ),
    Step.RECORD_CONTACT_ATTEMPT: StepRule(WORK, facts.ContactAttempted, _of(State.RESPONDED)),
    Step.FILE_REPORT: StepRule(
        WORK,
        facts.ReportFiled,
        frozenset(State) - {State.RECEIVED},
        needs=(Obstacle.NOT_REPORTABLE, Obstacle.REPORT_KNOWN),
    ),
    Step.CLOSE: StepRule(
        CLOSE,
        facts.Closed,
        _of(State.RESPONDED),
        _of(State.CLOSED),
        (
            Obstacle.CUSTOMER_SILENT,
            Obstacle.REPORTABILITY,
            Obstacle.REPORT_MISSING,
            Obstacle.TRIAGE_PENDING,
            Obstacle.NOT_DISPOSITIONED,
            Obstacle.SAME_PERSON,
        ),
    ),
    Step.REFER: StepRule(WORK, facts.Referred, _of(State.RESPONDED), _of(State.REFERRED)),
    Step.WITHDRAW: StepRule(WRITE, facts.Withdrawn, OPEN, _of(State.WITHDRAWN)),
    Step.REOPEN: StepRule(
        WORK,
        facts.Reopened,
        _of(State.CLOSED, State.REFERRED, State.WITHDRAWN, State.LINKED),
        _of(State.RECEIVED, State.ASSESSED, State.INVESTIGATING),
    ),
}
"""Every step's rule; `guards.py` looks for the obstacles."""

EXPLAINED: Final[Mapping[Obstacle, str]] = {
    Obstacle.STATE: "The complaint is in a state from which the step is not possible.",
    Obstacle.SCOPE: "The caller has not the scope that the step needs.",
    Obstacle.ACKNOWLEDGED: "The customer was told already that we have it, in this run.",
    Obstacle.HAS_DUPLICATES: "Others are linked to it, so that linking it would make a chain.",
    Obstacle.NO_OWNER: "Nobody owns it.",
    Obstacle.WAIVED: "It was decided already that there is no investigation.",
    Obstacle.WAITING: "The work waits for the customer already.",
    Obstacle.NOT_WAITING: "The work does not wait for the customer.",
    Obstacle.NOT_INVESTIGATED: "It is assessed, and neither investigated nor was that waived.",
    Obstacle.REPORTABILITY: "It is not determined whether an authority must be told.",
    Obstacle.RESPONDED: "The duplicate was answered already.",
    Obstacle.ACCEPTED: "The customer agreed already.",
    Obstacle.NOT_REPORTABLE: "The assessment names no authority that must be told.",
    Obstacle.CUSTOMER_SILENT: "The customer has not agreed, too few attempts to reach them are on record since the answer, and "
    "the response period is not over.",
    Obstacle.REPORT_MISSING: "An authority that must be told has no report.",
    Obstacle.TRIAGE_PENDING: "Triage has not decided yet what it leads to.",
    Obstacle.NOT_DISPOSITIONED: "Nothing is decided yet about its nonconformity, and the policy asks for that. An open "
    "corrective action is no obstacle.",
    Obstacle.SAME_PERSON: "Its severity is major or more, and the caller owns it, investigated it, or waived that.",
    Obstacle.MASTER_SELF: "It would be a duplicate of itself.",
    Obstacle.MASTER_LINKED: "The other complaint is a duplicate itself.",
    Obstacle.MASTER_ENDED: "The other complaint was rejected or withdrawn: nobody handles it.",
    Obstacle.MASTER_PRODUCT: "The other complaint is about another product.",
    Obstacle.OWNER_SAME: "It has this owner and team already.",
    Obstacle.REPORT_KNOWN: "This report is on record.",
    Obstacle.PERSON_ERASED: "Its personal data was erased, so that nobody can be asked or heard.",
    Obstacle.NOT_REUSABLE: "The other complaint has no investigation with a finding.",
}
"""What each obstacle says."""
