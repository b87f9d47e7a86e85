"""What capa refuses, each with a code of its own.

Refusal
├── Missing
│   ├── NonconformityMissing   no such nonconformity
│   ├── ActionMissing          no such action
│   ├── SignalMissing          no such signal
│   ├── CaseMissing            no such corrective-action case
│   └── ComplaintUnknown       no complaint of this id is known here
├── Conflicting
│   ├── StepNotPossible        something stands in the way of the step
│   ├── AlreadyLinked          the complaint belongs to the nonconformity already
│   ├── SignalStepNotPossible  the signal's state does not allow the step
│   ├── NothingToRaiseFrom     no complaint is evidence of a signal any more
│   ├── ExposureMissing        a baseline has no exposure on record
│   └── ExposureOverlaps       another figure counts some of the same days
├── Stale                      (common) somebody else changed the action first
└── Unacceptable
    ├── ReasonMissing          a change that needs a reason has none
    ├── EvidenceMissing        a completion says nothing of what was done
    ├── OwnerUnchanged         the action has this owner and team already
    ├── DueUnchanged           the action is due then already
    ├── DueInPast              the new due instant has passed
    ├── ExposureInvalid        an exposure has no days, or no number of units
    ├── SpanInvalid            figures are asked for a span that has no length, or is too long
    ├── CompletionTimeInvalid  the completion lies before the action was given or after now
    ├── RationaleMissing       a decision does not say why
    ├── DispositionInvalid     the parts of a disposition contradict each other or what is affected
    ├── ConcessionMissing      a use as is names nobody who authorised it
    ├── SamePerson             two people are needed, and this is one
    ├── AnalysisInvalid        a cause's analysis does not hang together
    ├── ContainmentUnproven    no containment action is done
    ├── RiskInvalid            the risk cannot be found from what was given
    ├── CauseUnknown           no such cause of the case
    ├── LinkUnknown            a record that is named does not exist
    ├── PlanInvalid            the plan to judge the effect contradicts itself
    ├── ActionInvalid          an action of this kind does not belong there
    └── SignatureInvalid       the signer is no person, or the printed name is missing
"""

from typing import ClassVar

from common.refusals import Conflicting, Missing, Unacceptable


class NonconformityMissing(Missing):
    """There is no such nonconformity."""

    code: ClassVar[str] = "nonconformity_not_found"


class ActionMissing(Missing):
    """There is no such action."""

    code: ClassVar[str] = "action_not_found"


class StepNotPossible(Conflicting):
    """Something stands in the way of the step; `errors` names each thing."""

    code: ClassVar[str] = "step_not_possible"


class ReasonMissing(Unacceptable):
    """A change that others must be able to follow has no reason."""

    code: ClassVar[str] = "reason_missing"


class EvidenceMissing(Unacceptable):
    """A completion does not say what shows that the work was done."""

    code: ClassVar[str] = "evidence_missing"


class OwnerUnchanged(Unacceptable):
    """The action has this owner and team already."""

    code: ClassVar[str] = "owner_unchanged"


class DueUnchanged(Unacceptable):
    """The action is due at this instant already."""

    code: ClassVar[str] = "due_unchanged"


class DueInPast(Unacceptable):
    """A new due instant that has passed would be late from the start."""

    code: ClassVar[str] = "due_in_past"


class CompletionTimeInvalid(Unacceptable):
    """An action is completed after it was given and not in the future."""

    code: ClassVar[str] = "completion_time_invalid"


class SignalMissing(Missing):
    """There is no such signal."""

    code: ClassVar[str] = "signal_not_found"


class SignalStepNotPossible(Conflicting):
    """The signal's state does not allow the step."""

    code: ClassVar[str] = "signal_step_not_possible"


class NothingToRaiseFrom(Conflicting):
    """No complaint is evidence of a signal any more."""

    code: ClassVar[str] = "nothing_to_raise_from"


class ExposureMissing(Conflicting):
    """What happened before is to be set against units that are not on record for every day."""

    code: ClassVar[str] = "exposure_missing"


class ExposureOverlaps(Conflicting):
    """Another figure for the same product and kind of unit counts some of the same days."""

    code: ClassVar[str] = "exposure_overlaps"


class ExposureInvalid(Unacceptable):
    """An exposure covers at least one day, and is a number of units."""

    code: ClassVar[str] = "exposure_invalid"


class SpanInvalid(Unacceptable):
    """Figures are told for a span that ends after it begins."""

    code: ClassVar[str] = "span_invalid"


class CaseMissing(Missing):
    """There is no such corrective-action case."""

    code: ClassVar[str] = "case_not_found"


class ComplaintUnknown(Missing):
    """No complaint of this id was announced to capa."""

    code: ClassVar[str] = "complaint_not_known"


class AlreadyLinked(Conflicting):
    """The complaint belongs to the nonconformity already."""

    code: ClassVar[str] = "already_linked"


class RationaleMissing(Unacceptable):
    """A decision does not say why it was taken."""

    code: ClassVar[str] = "rationale_missing"


class DispositionInvalid(Unacceptable):
    """A disposition contradicts itself or what is affected."""

    code: ClassVar[str] = "disposition_invalid"


class ConcessionMissing(Unacceptable):
    """A use as is names nobody who authorised it."""

    code: ClassVar[str] = "concession_missing"


class SamePerson(Unacceptable):
    """Two different people are needed, such as an owner and an approver."""

    code: ClassVar[str] = "same_person"


class AnalysisInvalid(Unacceptable):
    """The analysis of a cause does not hang together."""

    code: ClassVar[str] = "analysis_invalid"


class RiskInvalid(Unacceptable):
    """The policy finds no risk from what was given."""

    code: ClassVar[str] = "risk_invalid"


class CauseUnknown(Unacceptable):
    """The case has no such cause."""

    code: ClassVar[str] = "cause_unknown"


class LinkUnknown(Unacceptable):
    """A record that is named does not exist."""

    code: ClassVar[str] = "link_unknown"


class PlanInvalid(Unacceptable):
    """The plan to judge the effect contradicts itself."""

    code: ClassVar[str] = "plan_invalid"


class ActionInvalid(Unacceptable):
    """An action of this kind does not belong there, or lacks what it needs."""

    code: ClassVar[str] = "action_invalid"


class SignatureInvalid(Unacceptable):
    """A signature needs a person and the person's printed name."""

    code: ClassVar[str] = "signature_invalid"


class TooManyReports(Unacceptable):
    """More cases match than one answer reports."""

    code: ClassVar[str] = "too_many_reports"


class ContainmentUnproven(Unacceptable):
    """A containment is said to be validated, but no containment action is done."""

    code: ClassVar[str] = "containment_unproven"
