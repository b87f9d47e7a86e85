"""What the routers work with."""

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path

from chassis.auth import Principal, requires, requires_any
from chassis.paging import Cursors
from common.clock import Clock
from notifier.usecases.acknowledge_notice import AcknowledgeNotice
from notifier.usecases.enable_webhook import EnableWebhook
from notifier.usecases.load_people import LoadPeople
from notifier.usecases.look_up import LookUp
from notifier.usecases.redeliver import Redeliver
from notifier.usecases.register_person import RegisterPerson
from notifier.usecases.rotate_webhook_secret import RotateWebhookSecret
from notifier.usecases.snooze_notice import SnoozeNotice
from notifier.usecases.update_person import UpdatePerson

PersonPath = Annotated[str, Path(max_length=100, description="A person's id.", examples=["anna.berg"])]

PeopleReader = Annotated[Principal, requires("people:read")]
PeopleWriter = Annotated[Principal, requires("people:write")]
DeliveryReader = Annotated[Principal, requires("deliveries:read")]
DeliveryWriter = Annotated[Principal, requires("deliveries:write")]
DeadlineReader = Annotated[Principal, requires_any("deadlines:read", "people:read")]

Answerer = Annotated[Principal, requires("deadlines:answer")]

ONE_DEADLINE: Final = "/deadlines/{subject_id}/{clock}"
SubjectPath = Annotated[UUID, Path(description="Id of the thing that is due.")]
ClockPath = Annotated[
    str, Path(max_length=100, description="Which of its clocks, such as complete.", examples=["complete"])
]


def _versioned(thing: str) -> dict[str, Any]:
    return {
        "parameters": [
            {
                "name": "If-Match",
                "in": "header",
                "required": True,
                "description": f"The ETag of the {thing} that was read, or * for whatever version there is.",
                "schema": {"type": "string"},
                "example": '"v1"',
            }
        ],
        "responses": {
            str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in (409, 412, 428)
        },
    }


VERSIONED: Final = _versioned("person")
"""What the OpenAPI document says about operations that change one version of a person."""

VERSIONED_DEADLINE: Final = _versioned("deadline")
"""The same of a deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Use cases to call, cursors to page with, and the time to judge overdue by."""

    register_person: RegisterPerson
    update_person: UpdatePerson
    load_people: LoadPeople
    rotate_webhook_secret: RotateWebhookSecret
    enable_webhook: EnableWebhook
    redeliver: Redeliver
    acknowledge_notice: AcknowledgeNotice
    snooze_notice: SnoozeNotice
    look_up: LookUp
    clock: Clock
    cursors: Cursors
