"""The steps of a case, one operation each."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response

from capa.api import case_bodies as bodies
from capa.api.case_answers import CaseDetailOut
from capa.api.cases import TAG, case_answer
from capa.api.counters import count_case_step
from capa.api.desk import Desk, because_of, reference_of
from capa.api.effect_bodies import PlanEffectivenessIn, ReviewEffectivenessIn
from capa.api.parameters import STEP_EXTRA, CasePath
from capa.api.signing import pledge_of
from capa.domain.case.case import Case, Step
from capa.domain.case.command import Command
from capa.usecases.cause import Cause
from capa.usecases.give_action import CaseTarget
from chassis.auth import Principal, requires
from chassis.etags import expected_version

WRITE: Final = "cases:write"
APPROVE: Final = "cases:approve"

STEPS: Final[Mapping[Step, tuple[type[bodies.StepIn], str]]] = {
    Step.ACCEPT: (bodies.AcceptIn, APPROVE),
    Step.REJECT: (bodies.RejectIn, APPROVE),
    Step.LINK_NONCONFORMITY: (bodies.LinkNonconformityIn, WRITE),
    Step.ASSIGN_TEAM: (bodies.AssignTeamIn, WRITE),
    Step.ASSESS_RISK: (bodies.AssessRiskIn, WRITE),
    Step.START_CONTAINMENT: (bodies.StartContainmentIn, WRITE),
    Step.CONTAIN: (bodies.ContainIn, WRITE),
    Step.DESCRIBE_PROBLEM: (bodies.DescribeProblemIn, WRITE),
    Step.RECORD_CAUSE: (bodies.RecordCauseIn, WRITE),
    Step.VERIFY_CAUSE: (bodies.VerifyCauseIn, WRITE),
    Step.ANSWER_SIMILAR: (bodies.AnswerSimilarIn, WRITE),
    Step.PLAN_EFFECTIVENESS: (PlanEffectivenessIn, WRITE),
    Step.SUBMIT_PLAN: (bodies.SubmitPlanIn, WRITE),
    Step.APPROVE_PLAN: (bodies.ApprovePlanIn, APPROVE),
    Step.REJECT_PLAN: (bodies.RejectPlanIn, APPROVE),
    Step.REPORT_IMPLEMENTED: (bodies.ReportImplementedIn, WRITE),
    Step.SEND_BACK: (bodies.SendBackIn, WRITE),
    Step.VERIFY: (bodies.VerifyIn, WRITE),
    Step.REVIEW_EFFECTIVENESS: (ReviewEffectivenessIn, APPROVE),
    Step.CLOSE: (bodies.CloseIn, APPROVE),
    Step.REOPEN: (bodies.ReopenIn, APPROVE),
    Step.REQUEST_EXTENSION: (bodies.RequestExtensionIn, WRITE),
    Step.DECIDE_EXTENSION: (bodies.DecideExtensionIn, APPROVE),
    Step.HOLD: (bodies.HoldIn, WRITE),
    Step.RESUME: (bodies.ResumeIn, WRITE),
    Step.CANCEL: (bodies.CancelCaseIn, APPROVE),
}
"""What each step is sent, and the scope that opens it; an action is added where actions are."""


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/cases/{case_id}", tags=[TAG])
    for step, (body, scope) in STEPS.items():
        _add(router, desk, step, body, scope)
    return router


def _add(router: APIRouter, desk: Desk, step: Step, kind: type[bodies.StepIn], scope: str) -> None:
    take_step: Callable[[CaseTarget, Command, Cause], Awaitable[Case]] = desk.case_step
    if step is Step.PLAN_EFFECTIVENESS:
        take_step = desk.plan_case
    elif step is Step.REVIEW_EFFECTIVENESS:
        take_step = desk.review_case

    async def take(
        case_id: CasePath,
        body: kind,  # type: ignore[valid-type]  # FastAPI reads the class that the step's row names
        request: Request,
        response: Response,
        by: Annotated[Principal, requires(scope)],
    ) -> CaseDetailOut:
        sent: bodies.StepIn = body
        signature = getattr(sent, "signature", None)
        pledge = None if signature is None else await pledge_of(signature, request, by, desk.clock)
        target = CaseTarget(reference_of(case_id), expected_version(request))
        case = await take_step(target, sent.command(pledge), because_of(by))
        count_case_step(step)
        return await case_answer(desk, case.id, response, by)

    words = step.value.replace("-", " ")
    name = step.value.replace("-", "_")
    router.add_api_route(
        f"/{step.value}",
        take,
        methods=["POST"],
        name=f"{name}_case" if name in {"accept", "reject", "close", "hold", "resume"} else f"{name}_of_case",
        summary=f"Case: {words}",
        description=kind.makes.__doc__,
        openapi_extra=STEP_EXTRA,
    )
