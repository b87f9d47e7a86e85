"""Answers to the notices of a deadline: acknowledge, snooze."""

from typing import Final

from fastapi import APIRouter, Request, Response

from chassis.auth import Principal
from chassis.etags import etag, expected_version
from notifier.api.answer_schemas import AcknowledgeIn, SnoozeIn
from notifier.api.deadline_schemas import DeadlineOut
from notifier.api.desk import ONE_DEADLINE, VERSIONED_DEADLINE, Answerer, ClockPath, Desk, SubjectPath
from notifier.domain.deadline import Key
from notifier.usecases.answering import Said
from notifier.usecases.views import DeadlineView

STAND_IN: Final = "deadlines:stand-in"
"""The right to answer for deadlines of others."""

_WITHOUT_A_WORD: Final = AcknowledgeIn(reason=None)


def add_answers(router: APIRouter, desk: Desk) -> None:
    """Add the routes on a desk."""

    def answered(view: DeadlineView, response: Response) -> DeadlineOut:
        response.headers["ETag"] = etag(view.deadline.version)
        return DeadlineOut.of(view, desk.clock())

    @router.post(
        ONE_DEADLINE + "/acknowledge",
        summary="Acknowledge the notices of an overdue deadline",
        openapi_extra=VERSIONED_DEADLINE,
    )
    async def acknowledge_notice(
        *,
        subject_id: SubjectPath,
        clock: ClockPath,
        body: AcknowledgeIn = _WITHOUT_A_WORD,
        request: Request,
        response: Response,
        by: Answerer,
    ) -> DeadlineOut:
        """Say "seen, I am on it" as the owner; with deadlines:stand-in for the owner, with a reason.

        The owner is told no more of the steps so far. Where nobody else was told, the next step waits for a time that the ladder
        bounds; it always comes. Once for each step: again changes nothing while it counts, and is refused afterwards. The owner
        needs no body.
        """
        said = _said((subject_id, clock), by, body.reason, request)
        return answered(await desk.acknowledge_notice(said), response)

    @router.post(
        ONE_DEADLINE + "/snooze",
        summary="Snooze the notices of an overdue deadline",
        openapi_extra=VERSIONED_DEADLINE,
    )
    async def snooze_notice(
        *,
        subject_id: SubjectPath,
        clock: ClockPath,
        body: SnoozeIn,
        request: Request,
        response: Response,
        by: Answerer,
    ) -> DeadlineOut:
        """Postpone the next step until an instant, as the owner; with deadlines:stand-in for the owner.

        The ladder bounds how long, how often and how far past the due instant. Refused once somebody else was told, and of what
        is critical.
        """
        said = _said((subject_id, clock), by, body.reason, request)
        return answered(await desk.snooze_notice(said, until=body.until), response)


def _said(key: Key, by: Principal, reason: str | None, request: Request) -> Said:
    return Said(
        key=key,
        by=by.actor,
        reason=reason,
        may_stand_in=STAND_IN in by.scopes,
        expected_version=expected_version(request),
    )
