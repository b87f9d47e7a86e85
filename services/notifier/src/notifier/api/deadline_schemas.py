"""Deadlines, as they go out over HTTP."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from notifier.api.answer_schemas import AnswerOut
from notifier.domain.answer import Answer, AnswerKind, snoozes_of
from notifier.domain.deadline import Severity, State
from notifier.domain.ladder import StepKind
from notifier.usecases.views import DeadlineView


class LadderStepOut(BaseModel):
    """One rung of a deadline's ladder."""

    name: str = Field(description="Name of the step.")
    kind: StepKind = Field(description="Before, at or after the due instant.")
    offset: str = Field(description="How far from the due instant, such as 1wd.")
    to: str = Field(description="Whom it tells: owner, manager, manager.manager or a person.")
    at: datetime | None = Field(description="Its moment, null where it has none in this generation.")
    outcome: str = Field(
        description="waiting, fired, past (over when it was set), catchup (a newer step fired), replaced, paused, met "
        "or voided."
    )
    ended_at: datetime | None = Field(description="When it fired or was dropped.")


class LadderOut(BaseModel):
    """The ladder as it was when the deadline was set."""

    name: str = Field(description="Name of the ladder.")
    version: str = Field(description="Version of the ladders.")
    steps: list[LadderStepOut] = Field(description="Its rungs.")


class NextStepOut(BaseModel):
    """The step that comes next, if nothing is done."""

    name: str = Field(description="Name of the step.")
    to: str = Field(description="Whom it tells: owner, manager, manager.manager or a person.")
    at: datetime = Field(description="Its moment.")


class DeadlineOut(BaseModel):
    """A deadline as its owner announced it, and what notifier does about it."""

    subject_kind: str = Field(description="Kind of thing that is due, such as action.")
    subject_id: UUID = Field(description="Id of the thing that is due.")
    clock: str = Field(description="Which of its clocks.")
    generation: int = Field(description="Rises whenever due instant, calendar, ladder or owner change.")
    parent_kind: str | None = Field(description="Kind of the thing that it belongs to.")
    parent_id: UUID | None = Field(description="Id of the thing that it belongs to.")
    title: str = Field(description="What is to be done.")
    due_at: datetime = Field(description="By when.")
    owner: str | None = Field(description="By whom.")
    team: str | None = Field(description="By which team.")
    severity: Severity = Field(description="How bad it is if it stays undone.")
    link: str = Field(description="Where a person finds the thing.")
    state: State = Field(description="Whether it still has to be met.")
    closed_at: datetime | None = Field(description="When it was met or voided.")
    closed_reason: str | None = Field(description="early or late, or why it was voided.")
    overdue: bool = Field(description="Whether it is open and its due instant has passed.")
    next_notification_at: datetime | None = Field(
        description="When the next notice about it goes out, null where none will."
    )
    next_step: NextStepOut | None = Field(
        description="The step of the ladder that comes next, null where none does."
    )
    acknowledgement: AnswerOut | None = Field(
        description="The newest acknowledgement in this generation, null without one."
    )
    snooze: AnswerOut | None = Field(description="The newest snooze in this generation, null without one.")
    snoozes_left: int = Field(description="How many more snoozes the ladder allows in this generation.")
    ladder: LadderOut = Field(description="Who is told what, and when.")
    calendar: str = Field(description="Calendar and version that the due instant was computed with.")
    policy_version: str = Field(description="Version of the policy that set it.")
    explanation: dict[str, Any] = Field(description="How the due instant came about.")
    version: int = Field(description="Counts what was announced or changed about it; the ETag.")

    @classmethod
    def of(cls, view: DeadlineView, now: datetime) -> Self:
        """Show a deadline."""
        deadline = view.deadline
        return cls(
            subject_kind=deadline.subject_kind,
            subject_id=deadline.subject_id,
            clock=deadline.clock,
            generation=deadline.generation,
            parent_kind=deadline.parent_kind,
            parent_id=deadline.parent_id,
            title=deadline.title,
            due_at=deadline.due_at,
            owner=deadline.owner,
            team=deadline.team,
            severity=deadline.severity,
            link=deadline.link,
            state=deadline.state,
            closed_at=deadline.closed_at,
            closed_reason=deadline.closed_reason,
            overdue=deadline.is_overdue(now),
            next_notification_at=view.next_notification_at,
            next_step=_next_step(view),
            acknowledgement=_newest(view, AnswerKind.ACKNOWLEDGED, now),
            snooze=_newest(view, AnswerKind.SNOOZED, now),
            snoozes_left=max(deadline.ladder.answers.snoozes - snoozes_of(view.answers), 0),
            ladder=LadderOut(name=deadline.ladder.name, version=deadline.ladder.version, steps=_steps(view)),
            calendar=deadline.calendar,
            policy_version=deadline.policy_version,
            explanation=dict(deadline.explanation),
            version=deadline.version,
        )


def _newest(view: DeadlineView, kind: AnswerKind, now: datetime) -> AnswerOut | None:
    found: Answer | None = next((each for each in reversed(view.answers) if each.kind is kind), None)
    return None if found is None else AnswerOut.of(found, now, is_open=view.deadline.state is State.OPEN)


def _next_step(view: DeadlineView) -> NextStepOut | None:
    waiting = [timer for timer in view.timers.values() if timer.ended is None]
    if not waiting:
        return None
    timer = min(waiting, key=lambda each: each.due_at)
    step = view.deadline.ladder.step(timer.step)
    return NextStepOut(name=step.name, to=step.to, at=timer.due_at)


def _steps(view: DeadlineView) -> list[LadderStepOut]:
    steps = []
    for step in view.deadline.ladder.steps:
        timer = view.timers.get(step.name)
        ended = timer.ended if timer else None
        steps.append(
            LadderStepOut(
                name=step.name,
                kind=step.kind,
                offset=str(step.offset),
                to=step.to,
                at=timer.due_at if timer else None,
                outcome=str(ended) if ended else "waiting",
                ended_at=timer.ended_at if timer else None,
            )
        )
    return steps
