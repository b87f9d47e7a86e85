"""Actions that people give, to a nonconformity or to a case."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from capa.domain.action import Action, Kind, ParentKind, State
from capa.domain.due import Due
from capa.domain.errors import ActionInvalid, DueInPast
from capa.domain.facts import ActionGiven
from capa.domain.severity import Severity
from common.refusals import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """What the action belongs to, as far as the action repeats it."""

    kind: ParentKind
    id: UUID
    product: str
    severity: Severity
    correlation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What shall be done, by whom and by when; `causes` are those of the case that it works against."""

    kind: Kind
    title: str
    owner: str | None
    team: str | None
    due: Due
    causes: tuple[UUID, ...] = ()


def give(
    parent: Parent, task: Task, *, action_id: UUID, number: str, planned: bool, now: datetime
) -> tuple[Action, ActionGiven]:
    """Give an action; a planned one waits for the approval of its case's plan.

    Raises ActionInvalid where nobody would do it, a nonconformity's action is no containment or correction, or a
    corrective action names no cause; and DueInPast.
    """
    if task.owner is None and (task.team is None or planned):
        raise ActionInvalid(
            "Somebody must do it: an owner, or at least a team where nothing is planned.",
            FieldError("/owner", "owner_missing", "There is no owner.", "name an owner"),
        )
    if parent.kind == "nonconformity" and task.kind not in {"containment", "correction"}:
        raise ActionInvalid(
            f"A {task.kind} action works against causes, which a case finds: a nonconformity has containments and corrections.",
            FieldError(
                "/kind", "kind_needs_case", "Not of a nonconformity.", "request a case, and give it there"
            ),
        )
    if parent.kind == "case" and task.kind == "corrective" and not task.causes:
        raise ActionInvalid(
            "A corrective action names the causes that it works against.",
            FieldError(
                "/causes", "cause_missing", "There is no cause.", "name at least one cause of the case"
            ),
        )
    if task.due.at <= now:
        raise DueInPast(
            f"{task.due.at.isoformat()} has passed.",
            FieldError(
                "/due_at", "due_in_past", "The instant has passed.", "choose an instant in the future"
            ),
        )
    given = Action(
        id=action_id,
        number=number,
        kind=task.kind,
        parent_kind=parent.kind,
        parent_id=parent.id,
        product=parent.product,
        title=task.title,
        owner=task.owner,
        team=task.team,
        severity=parent.severity,
        state=State.PLANNED if planned else State.OPEN,
        due=task.due,
        original_due_at=task.due.at,
        due_changes=0,
        generation=1,
        given_at=now,
        completed_at=None,
        cancelled_at=None,
        evidence=None,
        punctuality=None,
        correlation_id=parent.correlation_id,
        version=1,
        causes=task.causes,
    )
    return given, ActionGiven()
