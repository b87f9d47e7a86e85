"""`/v1/complaints/{reference}/<step>`: the steps of a complaint, each one an operation."""

from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response

from chassis.auth import authenticate, security
from chassis.bodies import read_body
from chassis.correlation import current
from chassis.etags import etag, expected_version
from chassis.problems import ProblemError, from_field
from intake.api.complaints import JSON, Reference
from intake.api.describing import IF_MATCH, etag_of, json_body
from intake.api.handling import situation_of
from intake.api.schemas import ComplaintOut
from intake.api.shaping import FILES, PERSONAL, shape
from intake.api.step_counting import count_refused, count_taken
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.domain.lifecycle.refusals import StepInvalid, StepRefused
from intake.domain.lifecycle.steps import RULES
from intake.domain.lifecycle.words import Step
from intake.usecases.ending_forms import FORMS
from intake.usecases.ports import Clock
from intake.usecases.step_forms import StepForm
from intake.usecases.stepping import Errand, TakeStep
from intake.usecases.views import Views

SUMMARIES: Final = {
    Step.ACKNOWLEDGE: "Record that the customer was told that we have it",
    Step.ASSESS: "Assess a complaint",
    Step.REJECT: "Reject what is no complaint",
    Step.OVERRULE_REJECTION: "Overrule a rejection",
    Step.LINK: "Link a duplicate",
    Step.ASSIGN: "Assign an owner",
    Step.START_INVESTIGATION: "Start the investigation",
    Step.WAIVE_INVESTIGATION: "Decide that there is no investigation",
    Step.UPDATE_CUSTOMER: "Record that the customer was told how it stands",
    Step.WAIT_FOR_CUSTOMER: "Begin to wait for the customer",
    Step.END_WAITING: "End the waiting for the customer",
    Step.RESPOND: "Record the answer to the customer",
    Step.CUSTOMER_ACCEPTS: "Record that the customer accepts the answer",
    Step.CUSTOMER_REJECTS: "Record that the customer rejects the answer",
    Step.RECORD_CONTACT_ATTEMPT: "Record an attempt to reach the customer",
    Step.FILE_REPORT: "Record a report to an authority",
    Step.CLOSE: "Close a complaint",
    Step.REFER: "Refer a complaint to a body outside",
    Step.WITHDRAW: "Record that the complainant withdraws it",
    Step.REOPEN: "Take a complaint up again",
}
_ETAG: Final = etag_of("complaint")


@dataclass(frozen=True, slots=True)
class StepServices:
    """What these routes need."""

    take: TakeStep
    views: Views
    policy: ClosingPolicy
    clock: Clock


def steps_router(services: StepServices) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["steps"])
    for step, form in FORMS.items():
        _add(router, services, step, form)
    return router


def _add(router: APIRouter, services: StepServices, step: Step, kind: type[StepForm]) -> None:
    scope = RULES[step].scope

    @router.post(
        f"/v1/complaints/{{reference}}/{step}",
        name=f"take_step_{step.replace('-', '_')}",
        summary=SUMMARIES[step],
        description=f"{cleandoc(kind.__doc__ or '')}\n\nScope: {scope}.",
        responses={
            200: {"model": ComplaintOut, "description": "The complaint after the step.", "headers": _ETAG}
        },
        openapi_extra={
            "security": security(scope),
            "requestBody": json_body(kind),
            "parameters": [IF_MATCH],
        },
    )
    async def take_step(request: Request, reference: Reference) -> Response:
        principal = await authenticate(request, scope)
        expected = expected_version(request)
        form = await read_body(request, kind)
        here = current()
        errand = Errand(
            reference=reference,
            expected=expected,
            command=form.command(),
            actor=principal.actor,
            scopes=principal.scopes,
            within=principal.source_system,
            traceparent=here.traceparent if here else None,
            tracestate=here.tracestate if here else None,
        )
        try:
            taken = await services.take(errand)
        except StepRefused as refusal:
            count_refused(step)
            raise _problem(refusal) from refusal
        except StepInvalid:
            count_refused(step)
            raise
        count_taken(step)
        body = shape(
            await services.views.find(str(taken.complaint.id)),
            now=services.clock(),
            personal=PERSONAL in principal.scopes,
            files=FILES in principal.scopes,
            situation=situation_of(principal, services.clock(), services.policy),
            refused=True,
        )
        return Response(orjson.dumps(body), headers={"ETag": etag(taken.complaint.version)}, media_type=JSON)


def _problem(refusal: StepRefused) -> ProblemError:
    return ProblemError(
        refusal.code,
        refusal.detail,
        errors=[from_field(error) for error in refusal.errors],
        extensions={
            "step": refusal.step.value,
            "state": refusal.state.value,
            "missing": [
                {"code": each.code.value, "detail": each.detail, "fix": each.fix}
                for each in refusal.hindrances
            ],
            "allowed_steps": [step.value for step in refusal.allowed],
        },
    )
