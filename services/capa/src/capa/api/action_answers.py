"""What the steps of an action share: which action is meant, and how they answer."""

from fastapi import Request, Response

from capa.api.counters import count_step
from capa.api.desk import Desk, reference_of
from capa.api.schemas import ActionOut
from capa.domain.action import Action, Step
from capa.usecases.step import Target
from chassis.etags import etag, expected_version


def target_of(action_id: str, request: Request) -> Target:
    """Give the action of a path in the version that the caller read."""
    return Target(reference_of(action_id), expected_version(request))


def action_answer(desk: Desk, response: Response, step: Step, action: Action) -> ActionOut:
    """Count a step, and answer with the action as it is after it."""
    count_step(step, action)
    response.headers["ETag"] = etag(action.version)
    return ActionOut.of(action, desk.clock())
