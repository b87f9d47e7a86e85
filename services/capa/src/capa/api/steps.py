"""The steps of an action: assign, reassign, change the due instant, complete, cancel."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from capa.api.action_answers import action_answer, target_of
from capa.api.desk import Desk, because_of
from capa.api.parameters import STEP_EXTRA, ActionPath
from capa.api.schemas import ActionOut, AssignIn, CancelIn, ChangeDueIn, CompleteIn, ReassignIn
from capa.domain.action import Step
from chassis.auth import Principal, requires
from worktime.durations import parse_duration

TAG = "Actions"
Writer = Annotated[Principal, requires("actions:write")]


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/actions/{action_id}", tags=[TAG])

    @router.post("/assign", summary="Assign an action", openapi_extra=STEP_EXTRA)
    async def assign_action(
        action_id: ActionPath, body: AssignIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Give an action that only a team has its first owner; a new deadline starts for the owner."""
        action = await desk.assign(
            target_of(action_id, request),
            owner=body.owner,
            team=body.team,
            reason=body.reason,
            cause=because_of(by),
        )
        return action_answer(desk, response, Step.ASSIGN, action)

    @router.post("/reassign", summary="Reassign an action", openapi_extra=STEP_EXTRA)
    async def reassign_action(
        action_id: ActionPath, body: ReassignIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Give an action to another owner or team; a new deadline starts, and the former owner hears nothing more."""
        action = await desk.reassign(
            target_of(action_id, request),
            owner=body.owner,
            team=body.team,
            reason=body.reason,
            cause=because_of(by),
        )
        return action_answer(desk, response, Step.REASSIGN, action)

    @router.post("/change-due", summary="Change an action's due instant", openapi_extra=STEP_EXTRA)
    async def change_action_due(
        action_id: ActionPath, body: ChangeDueIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Move the due instant, to one chosen or by a duration from now; the original one is kept."""
        due = parse_duration(body.due) if body.due is not None else body.due_at
        if due is None:
            raise ValueError("the body was read without a due instant")
        action = await desk.change_due(
            target_of(action_id, request), due=due, reason=body.reason, cause=because_of(by)
        )
        return action_answer(desk, response, Step.CHANGE_DUE, action)

    @router.post("/complete", summary="Complete an action", openapi_extra=STEP_EXTRA)
    async def complete_action(
        action_id: ActionPath, body: CompleteIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Complete an action on evidence; its deadline is met, early or late."""
        action = await desk.complete(
            target_of(action_id, request),
            evidence=body.evidence,
            completed_at=body.completed_at,
            cause=because_of(by),
        )
        return action_answer(desk, response, Step.COMPLETE, action)

    @router.post("/cancel", summary="Cancel an action", openapi_extra=STEP_EXTRA)
    async def cancel_action(
        action_id: ActionPath, body: CancelIn, request: Request, response: Response, by: Writer
    ) -> ActionOut:
        """Cancel an action that is no longer needed; nobody is reminded of it any more."""
        action = await desk.cancel(target_of(action_id, request), reason=body.reason, cause=because_of(by))
        return action_answer(desk, response, Step.CANCEL, action)

    return router
