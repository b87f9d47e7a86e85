"""What each step of a case needs beside the right state: told on every read, and refused with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from capa.domain.action import Action
from capa.domain.action import State as ActionState
from capa.domain.blockers import Blocked, Blocker
from capa.domain.case.case import POSSIBLE_IN, Case, State, Step
from capa.domain.case.values import CauseKind
from capa.domain.people import id_of
from capa.domain.risk import CasePolicy

MANAGEMENT: Final = "cases:approve-management"
"""The right to sign for cases whose risk the policy reserves to management."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Who asks, with which rights, when, by which policy, and the case's actions."""

    by: str
    rights: frozenset[str]
    now: datetime
    policy: CasePolicy
    actions: tuple[Action, ...] = ()

    def is_(self, person: str | None) -> bool:
        """Tell whether this person asks."""
        return person is not None and id_of(self.by) == id_of(person)


@dataclass(frozen=True, slots=True)
class Guard:
    """One rule: its code, what it demands, and what helps where it is not kept."""

    code: str
    demands: str
    fix: str
    holds: Callable[[Case, Circumstances], bool]


def _has_team(case: Case, _: Circumstances) -> bool:
    return bool(case.team)


def _has_owner_and_approver(case: Case, _: Circumstances) -> bool:
    return case.owner is not None and case.approver is not None and case.owner != case.approver


def _has_source(case: Case, _: Circumstances) -> bool:
    return bool(case.nonconformity_ids) or case.recurrence_of is not None


def _has_due(case: Case, _: Circumstances) -> bool:
    return case.due is not None


def _contained_or_waived(_: Case, around: Circumstances) -> bool:
    return all(each.state is not ActionState.OPEN for each in around.actions if each.kind == "containment")


def _cause_recorded(case: Case, _: Circumstances) -> bool:
    return any(cause.cycle == case.cycle and cause.test is None for cause in case.causes)


def _problem_stated(case: Case, _: Circumstances) -> bool:
    return case.problem is not None


def _root_cause(case: Case, _: Circumstances) -> bool:
    return bool(case.confirmed(CauseKind.ROOT))


def _escape_cause(case: Case, _: Circumstances) -> bool:
    return bool(case.confirmed(CauseKind.ESCAPE))


def _similar_answered(case: Case, _: Circumstances) -> bool:
    return case.similar is not None


def _each_cause_has_an_action(case: Case, around: Circumstances) -> bool:
    worked_against = {
        cause
        for each in around.actions
        if each.kind == "corrective" and each.state is not ActionState.CANCELLED and each.owner is not None
        for cause in each.causes
    }
    causes = {cause.id for cause in case.confirmed()}
    return bool(causes) and causes <= worked_against


def _effect_planned(case: Case, _: Circumstances) -> bool:
    return case.effect_plan is not None


def _by_the_approver(case: Case, around: Circumstances) -> bool:
    return around.is_(case.approver) and not around.is_(case.owner)


def _approval_level(case: Case, around: Circumstances) -> bool:
    return case.risk is None or case.risk.level not in around.policy.management or MANAGEMENT in around.rights


def _not_approved_yet(case: Case, _: Circumstances) -> bool:
    return case.signed("plan") is None


def _approved(case: Case, _: Circumstances) -> bool:
    return case.signed("plan") is not None


def _actions_done(_: Case, around: Circumstances) -> bool:
    return not any(each.state in {ActionState.PLANNED, ActionState.OPEN} for each in around.actions)


def _actions_verified(_: Case, around: Circumstances) -> bool:
    return all(each.state in {ActionState.VERIFIED, ActionState.CANCELLED} for each in around.actions)


def _by_no_doer(_: Case, around: Circumstances) -> bool:
    return not any(
        around.is_(person) for each in around.actions for person in (each.owner, each.completed_by)
    )


def _not_by_the_owner(case: Case, around: Circumstances) -> bool:
    return not around.is_(case.owner)


def _not_judged_yet(case: Case, _: Circumstances) -> bool:
    return not case.is_effective


def _effective(case: Case, _: Circumstances) -> bool:
    return case.is_effective


def _review_signed(case: Case, _: Circumstances) -> bool:
    return case.signed("effectiveness") is not None


def _no_extension(case: Case, _: Circumstances) -> bool:
    return case.extension is None


def _extension_asked(case: Case, _: Circumstances) -> bool:
    return case.extension is not None


def _not_by_whoever_asked(case: Case, around: Circumstances) -> bool:
    return case.extension is None or not around.is_(case.extension.requested_by)


_APPROVED = Guard(
    "plan_not_approved",
    "The approver's signature on the plan as it stands.",
    "have the approver sign the plan: a change of it voids an earlier signature",
    _approved,
)
_APPROVER = Guard(
    "not_the_approver",
    "The approver takes the step, and is not the owner.",
    "have the approver do it",
    _by_the_approver,
)
_LEVEL = Guard(
    "approval_level",
    "For risks that the policy reserves to management, the right to sign for management.",
    "name an approver who has the right",
    _approval_level,
)
_NOT_OWNER = Guard(
    "is_the_owner",
    "Somebody else than the owner takes the step.",
    "have another person do it",
    _not_by_the_owner,
)
_OTHER_ASKS = Guard(
    "asked_for_it",
    "Somebody else than whoever asked for the extension takes the step.",
    "have another person decide",
    _not_by_whoever_asked,
)

GUARDS: Final[Mapping[Step, tuple[Guard, ...]]] = {
    Step.START_CONTAINMENT: (
        Guard(
            "people_missing",
            "An owner and an approver, who differ.",
            "take the step assign-team",
            _has_owner_and_approver,
        ),
        Guard("team_missing", "A team.", "take the step assign-team", _has_team),
        Guard(
            "source_missing",
            "A nonconformity or an earlier case.",
            "take the step link-nonconformity",
            _has_source,
        ),
        Guard("due_missing", "A due time.", "take the step assess-risk", _has_due),
    ),
    Step.CONTAIN: (
        Guard(
            "containment_open",
            "No containment action is still open.",
            "complete or cancel the containment actions",
            _contained_or_waived,
        ),
    ),
    Step.VERIFY_CAUSE: (
        Guard(
            "cause_missing", "A cause that was not tested yet.", "take the step record-cause", _cause_recorded
        ),
    ),
    Step.SUBMIT_PLAN: (
        Guard("problem_missing", "A problem statement.", "take the step describe-problem", _problem_stated),
        Guard(
            "root_cause_missing",
            "A root cause of this round that passed its test.",
            "take the steps record-cause and verify-cause",
            _root_cause,
        ),
        Guard(
            "escape_cause_missing",
            "A cause of the escape, of this round, that passed its test.",
            "take the steps record-cause and verify-cause",
            _escape_cause,
        ),
        Guard(
            "similar_missing",
            "An answer to whether the same is found elsewhere.",
            "take the step answer-similar",
            _similar_answered,
        ),
    ),
    Step.APPROVE_PLAN: (
        Guard("approved_already", "No valid signature on the plan yet.", "change nothing", _not_approved_yet),
        Guard(
            "cause_without_action",
            "For each confirmed cause a corrective action with an owner and a due time.",
            "take the step add-action",
            _each_cause_has_an_action,
        ),
        Guard(
            "effect_plan_missing",
            "How the effect will be judged.",
            "take the step plan-effectiveness",
            _effect_planned,
        ),
        _APPROVER,
        _LEVEL,
    ),
    Step.REJECT_PLAN: (_APPROVER,),
    Step.REPORT_IMPLEMENTED: (
        _APPROVED,
        Guard(
            "actions_open", "No action is open or planned.", "complete or cancel the actions", _actions_done
        ),
    ),
    Step.SEND_BACK: (_NOT_OWNER,),
    Step.VERIFY: (
        _APPROVED,
        Guard(
            "actions_not_verified",
            "Each action is verified or cancelled.",
            "take the step verify of each action",
            _actions_verified,
        ),
        Guard(
            "did_it_oneself",
            "Somebody takes the step who owns and did none of the actions.",
            "have another person do it",
            _by_no_doer,
        ),
        _NOT_OWNER,
    ),
    Step.REVIEW_EFFECTIVENESS: (
        _APPROVED,
        Guard("judged_already", "No check said effective yet.", "take the step close", _not_judged_yet),
        _NOT_OWNER,
    ),
    Step.CLOSE: (
        _APPROVED,
        Guard(
            "not_effective",
            "A check of this round that said effective.",
            "take the step review-effectiveness",
            _effective,
        ),
        Guard(
            "review_not_signed",
            "The reviewer's signature on the check as it stands.",
            "take the step review-effectiveness",
            _review_signed,
        ),
        _APPROVER,
        _LEVEL,
    ),
    Step.REQUEST_EXTENSION: (
        Guard("extension_pending", "No request that waits.", "have it decided", _no_extension),
    ),
    Step.DECIDE_EXTENSION: (
        Guard("no_extension", "A request that waits.", "take the step request-extension", _extension_asked),
        _NOT_OWNER,
        _OTHER_ASKS,
    ),
    Step.CANCEL: (_APPROVER, _LEVEL),
}
"""What each step needs beside the state; a step that is not listed needs nothing more."""


def blocked(case: Case, around: Circumstances) -> Blocked[Step]:
    """Tell what stands in the way of each step for whoever asks: the state first, and if it is right, all that is missing."""
    return {step: _blockers(step, case, around) for step in Step}


def _blockers(step: Step, case: Case, around: Circumstances) -> tuple[Blocker, ...]:
    if case.state not in POSSIBLE_IN[step]:
        states = ", ".join(state for state in State if state in POSSIBLE_IN[step])
        return (
            Blocker(
                "state_not_right",
                f"The case is {case.state}.",
                f"the step is possible in: {states}",
            ),
        )
    return tuple(
        Blocker(guard.code, f"Needed: {guard.demands[0].lower()}{guard.demands[1:]}", guard.fix)
        for guard in GUARDS.get(step, ())
        if not guard.holds(case, around)
    )
