"""The later steps of an action: verify, reject the evidence, record the cost, extend."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from capa.api.action_answers import action_answer, target_of
from capa.api.action_bodies import (
    DecideActionExtensionIn,
    RecordCostIn,
    RejectEvidenceIn,
    RequestActionExtensionIn,
    VerifyActionIn,
)
from capa.api.desk import Desk, because_of
from capa.api.parameters import STEP_EXTRA, ActionPath
from capa.api.schemas import ActionOut
from capa.domain.action import Step
from capa.usecases.decide_extension import DecideExtension
from capa.usecases.record_cost import RecordCost
from capa.usecases.reject_evidence import RejectEvidence
from capa.usecases.request_extension import RequestExtension
from capa.usecases.verify_action import VerifyAction
from chassis.auth import Principal, requires

TAG = "Actions"
Writer = Annotated[Principal, requires("actions:write")]
Approver = Annotated[Principal, requires("cases:approve")]


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/actions/{action_id}", tags=[TAG])

    @router.post("/verify", summary="Verify an action", openapi_extra=STEP_EXTRA)
    async def verify_action(
        action_id: ActionPath, body: VerifyActionIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Confirm that a completed action was done; neither its owner nor whoever completed it can."""
        verify = VerifyAction(desk.take_step)
        action = await verify(target_of(action_id, request), statement=body.statement, cause=because_of(by))
        return action_answer(desk, response, Step.VERIFY, action)

    @router.post("/reject-evidence", summary="Reject an action's evidence", openapi_extra=STEP_EXTRA)
    async def reject_action_evidence(
        action_id: ActionPath, body: RejectEvidenceIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Open a completed action again, since its evidence does not show that it was done."""
        reject = RejectEvidence(desk.take_step)
        action = await reject(target_of(action_id, request), reason=body.reason, cause=because_of(by))
        return action_answer(desk, response, Step.REJECT_EVIDENCE, action)

    @router.post("/record-cost", summary="Record an action's cost", openapi_extra=STEP_EXTRA)
    async def record_action_cost(
        action_id: ActionPath, body: RecordCostIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Write down what the action cost in all; a later record replaces an earlier one."""
        record = RecordCost(desk.take_step)
        action = await record(
            target_of(action_id, request),
            amount=body.amount,
            currency=body.currency,
            note=body.note,
            cause=because_of(by),
        )
        return action_answer(desk, response, Step.RECORD_COST, action)

    @router.post("/request-extension", summary="Request an action's extension", openapi_extra=STEP_EXTRA)
    async def request_action_extension(
        action_id: ActionPath,
        body: RequestActionExtensionIn,
        request: Request,
        response: Response,
        by: Writer,
    ) -> ActionOut:
        """Ask for a later due time of a case's action; somebody else decides."""
        ask = RequestExtension(desk.take_step)
        action = await ask(
            target_of(action_id, request), due_at=body.due_at, reason=body.reason, cause=because_of(by)
        )
        return action_answer(desk, response, Step.REQUEST_EXTENSION, action)

    @router.post("/decide-extension", summary="Decide about an action's extension", openapi_extra=STEP_EXTRA)
    async def decide_action_extension(
        action_id: ActionPath,
        body: DecideActionExtensionIn,
        request: Request,
        response: Response,
        by: Approver,
    ) -> ActionOut:
        """Grant the later due time or refuse it; neither the owner nor whoever asked can."""
        decide = DecideExtension(desk.take_step, desk.triage_policy)
        action = await decide(
            target_of(action_id, request), granted=body.granted, reason=body.reason, cause=because_of(by)
        )
        return action_answer(desk, response, Step.DECIDE_EXTENSION, action)

    return router
