"""What must be there before a step is possible, and what is missing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from common.actor import Actor
from intake.domain.complaint import Complaint, Severity, State
from intake.domain.lifecycle.handling import Assessment, Handling
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.domain.lifecycle.refusals import Hindrance
from intake.domain.lifecycle.steps import RULES
from intake.domain.lifecycle.words import Ending, Obstacle, Reportability, Step

OPEN_NONCONFORMITY: Final = "open"
"""The state of a nonconformity about which nothing is decided yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What capa said about a complaint, as far as a closure depends on it."""

    triaged: bool = False
    nonconformity: str | None = None
    nonconformity_state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A complaint with everything that the guards of its steps look at."""

    complaint: Complaint
    handling: Handling
    seen: Seen
    has_duplicates: bool

    @property
    def state(self) -> State:
        """Where the work stands."""
        return self.complaint.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Who asks, when, and by which policy; `scopes` None where they were looked at before."""

    actor: Actor
    now: datetime
    policy: ClosingPolicy
    scopes: frozenset[str] | None = None


def hindrances(step: Step, case: Case, situation: Situation) -> tuple[Hindrance, ...]:
    """List what is against a step; none where it is possible, as far as that does not depend on its values."""
    rule = RULES[step]
    if situation.scopes is not None and rule.scope not in situation.scopes:
        return (
            Hindrance(
                Obstacle.SCOPE, f"It needs the scope {rule.scope}.", f"ask somebody who has {rule.scope}"
            ),
        )
    if case.state not in rule.states:
        states = ", ".join(sorted(rule.states))
        return (
            Hindrance(
                Obstacle.STATE,
                f"The complaint is {case.state}; the step is one from {states}.",
                "take one of the steps that are possible now",
            ),
        )
    return tuple(_GUARDS[step](case, situation)) if step in _GUARDS else ()


def possible(case: Case, situation: Situation) -> tuple[Step, ...]:
    """List the steps that are possible now."""
    return tuple(step for step in Step if not hindrances(step, case, situation))


def ending(case: Case, situation: Situation) -> Ending | None:
    """Tell what allows an answered complaint to be closed, None where nothing does yet."""
    handling, policy = case.handling, situation.policy
    if handling.accepted_at is not None:
        return Ending.ACCEPTED
    if len(handling.contacts) >= policy.contact_attempts:
        return Ending.ATTEMPTS
    if handling.response is not None and situation.now >= handling.response.at + policy.response_period:
        return Ending.PERIOD_OVER
    return None


def _acknowledging(case: Case, _: Situation) -> Iterator[Hindrance]:
    if case.handling.acknowledged_at is not None:
        yield Hindrance(
            Obstacle.ACKNOWLEDGED,
            "The customer was told already that we have it.",
            "update the customer instead",
        )


def _linking(case: Case, _: Situation) -> Iterator[Hindrance]:
    if case.has_duplicates:
        yield Hindrance(
            Obstacle.HAS_DUPLICATES,
            "Other complaints are linked to this one, and there are no chains of duplicates.",
            "reopen those first and link each of them to the same complaint",
        )


def _investigating(case: Case, _: Situation) -> Iterator[Hindrance]:
    yield from _owned(case)


def _waiving(case: Case, _: Situation) -> Iterator[Hindrance]:
    if case.handling.waiver is not None:
        yield Hindrance(
            Obstacle.WAIVED,
            "It was decided already that there is no investigation.",
            "respond to the customer",
        )


def _waiting(case: Case, _: Situation) -> Iterator[Hindrance]:
    yield from _person_known(case)
    if case.handling.waiting_since is not None:
        yield Hindrance(
            Obstacle.WAITING, "The work waits for the customer already.", "end that waiting first"
        )


def _end_of_waiting(case: Case, _: Situation) -> Iterator[Hindrance]:
    if case.handling.waiting_since is None:
        yield Hindrance(
            Obstacle.NOT_WAITING, "The work does not wait for the customer.", "nothing needs to be ended"
        )


def _responding(case: Case, _: Situation) -> Iterator[Hindrance]:
    handling = case.handling
    if case.state is State.LINKED:
        if handling.response is not None:
            yield Hindrance(
                Obstacle.RESPONDED, "The customer was answered already.", "update the customer instead"
            )
        return
    if case.state is State.ASSESSED and handling.waiver is None:
        yield Hindrance(
            Obstacle.NOT_INVESTIGATED,
            "There is neither an investigation nor the decision that there is none.",
            "start the investigation, or have the quality department waive it",
        )
    if case.state is State.INVESTIGATING:
        yield from _owned(case)
    yield from _reportability_determined(handling.assessment)


def _accepting(case: Case, _: Situation) -> Iterator[Hindrance]:
    if case.handling.accepted_at is not None:
        yield Hindrance(Obstacle.ACCEPTED, "The customer agreed already.", "close the complaint")


def _rejecting(case: Case, _: Situation) -> Iterator[Hindrance]:
    yield from _person_known(case)


def _reporting(case: Case, _: Situation) -> Iterator[Hindrance]:
    assessment = case.handling.assessment
    if assessment is None or assessment.reportability is not Reportability.YES:
        yield Hindrance(
            Obstacle.NOT_REPORTABLE,
            "The assessment names no authority that must be told.",
            "assess the complaint as reportable first",
        )


def _closing(case: Case, situation: Situation) -> Iterator[Hindrance]:
    handling, policy = case.handling, situation.policy
    if ending(case, situation) is None:
        yield Hindrance(
            Obstacle.CUSTOMER_SILENT,
            f"The customer has not agreed, {len(handling.contacts)} of {policy.contact_attempts} attempts to reach them are "
            f"on record, and the response period of {policy.response_period.days} days is not over.",
            "record the customer's agreement or attempts to reach them, or wait",
        )
    yield from _reportability_determined(handling.assessment)
    if missing := handling.reports_missing:
        yield Hindrance(
            Obstacle.REPORT_MISSING,
            f"No report is on record for {', '.join(missing)}.",
            "file the reports that the assessment asks for",
        )
    yield from _triage_decided(case.seen, policy)
    yield from _approved_by_another(case, situation.actor)


def _triage_decided(seen: Seen, policy: ClosingPolicy) -> Iterator[Hindrance]:
    if not seen.triaged:
        yield Hindrance(
            Obstacle.TRIAGE_PENDING,
            "Triage has not decided yet what the complaint leads to.",
            "wait for triage",
        )
    if policy.needs_disposition and seen.nonconformity_state == OPEN_NONCONFORMITY:
        yield Hindrance(
            Obstacle.NOT_DISPOSITIONED,
            f"Nothing is decided yet about nonconformity {seen.nonconformity}.",
            "have its disposition decided; its corrective action may stay open",
        )


def _approved_by_another(case: Case, actor: Actor) -> Iterator[Hindrance]:
    assessment, handling = case.handling.assessment, case.handling
    if assessment is None or assessment.severity is Severity.MINOR:
        return
    if actor.id == handling.owner or actor.id in handling.investigators:
        yield Hindrance(
            Obstacle.SAME_PERSON,
            f"{actor.id} owns or investigated it, and its severity is {assessment.severity}.",
            "have somebody else close it",
        )


def _owned(case: Case) -> Iterator[Hindrance]:
    if case.handling.owner is None:
        yield Hindrance(Obstacle.NO_OWNER, "Nobody owns the complaint.", "assign an owner")


def _person_known(case: Case) -> Iterator[Hindrance]:
    # What is awaited of a customer, and why they do not agree, are words of somebody who is to be forgotten.
    if case.complaint.erased_at is not None:
        yield Hindrance(
            Obstacle.PERSON_ERASED,
            "The personal data of the complaint was erased, so that nobody can be asked or heard.",
            "receive what the customer says now as a new complaint",
        )


def _reportability_determined(assessment: Assessment | None) -> Iterator[Hindrance]:
    if assessment is None or assessment.reportability is Reportability.UNDETERMINED:
        yield Hindrance(
            Obstacle.REPORTABILITY,
            "It is not determined whether an authority must be told.",
            "assess the complaint again, with reportability yes or no",
        )


_GUARDS: Final[Mapping[Step, Callable[[Case, Situation], Iterator[Hindrance]]]] = {
    Step.ACKNOWLEDGE: _acknowledging,
    Step.LINK: _linking,
    Step.START_INVESTIGATION: _investigating,
    Step.WAIVE_INVESTIGATION: _waiving,
    Step.WAIT_FOR_CUSTOMER: _waiting,
    Step.END_WAITING: _end_of_waiting,
    Step.RESPOND: _responding,
    Step.CUSTOMER_ACCEPTS: _accepting,
    Step.CUSTOMER_REJECTS: _rejecting,
    Step.FILE_REPORT: _reporting,
    Step.CLOSE: _closing,
}
