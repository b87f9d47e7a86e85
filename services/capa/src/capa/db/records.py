"""Reads for lists and single things; nothing is locked."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.listing import Conditions, any_of, moment_and_id, named, newest_first, page_of, rows_of
from capa.db.rows import action_of, entry_of, nonconformity_of
from capa.db.sites import of_sites
from capa.db.tables import (
    action,
    action_notice,
    case_nonconformity,
    complaint,
    corrective_case,
    history,
    nonconformity,
    nonconformity_complaint,
    triage_decision,
)
from capa.domain.action import Action
from capa.domain.errors import ActionMissing, NonconformityMissing
from capa.domain.nonconformity import Nonconformity
from capa.domain.severity import Severity
from capa.usecases.ports import Notice, NoticeAnswer
from capa.usecases.reading import (
    MOST_COMPLAINTS,
    MOST_NOTICES,
    ActionFilter,
    ActionView,
    CaseBrief,
    DecisionView,
    Keys,
    LinkedComplaint,
    NonconformityFilter,
    NonconformityView,
)
from common.history import Entry
from common.page import Page


class PostgresRecords:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def nonconformities(
        self, wanted: NonconformityFilter, after: Keys, limit: int
    ) -> Page[Nonconformity]:
        """List nonconformities, the one raised last first."""
        query = sa.select(nonconformity).where(*_wanted_nonconformities(wanted))
        order = (nonconformity.c.raised_at, nonconformity.c.id)
        async with self._engine.connect() as connection:
            return await newest_first(connection, query, order, (after, limit), nonconformity_of)

    async def nonconformity(self, reference: UUID | str) -> NonconformityView:
        """Read one with its complaints and actions; refuses with NonconformityMissing."""
        async with self._engine.connect() as connection:
            row = (
                await connection.execute(sa.select(nonconformity).where(named(nonconformity, reference)))
            ).first()
            if row is None:
                raise NonconformityMissing(f"There is no nonconformity {reference}.")
            linked = await connection.execute(_LINKED, {"nonconformity": row.id})
            taken = await connection.execute(_ACTIONS_OF, {"nonconformity": row.id})
            answering = await connection.execute(_CASES_OF, {"nonconformity": row.id})
            return NonconformityView(
                nonconformity_of(row),
                tuple(map(_linked_complaint, linked)),
                tuple(map(action_of, taken)),
                tuple(CaseBrief(each.id, each.number, each.state) for each in answering),
            )

    async def actions(self, wanted: ActionFilter, after: Keys, limit: int, *, now: datetime) -> Page[Action]:
        """List actions, the one due first first; overdue is judged at `now`."""
        query = sa.select(action).where(*_wanted_actions(wanted, now))
        due_first = (action.c.due_at, action.c.id)
        if after is not None:
            query = query.where(sa.tuple_(*due_first) > moment_and_id(after))
        async with self._engine.connect() as connection:
            rows = await rows_of(connection, query.order_by(*due_first), limit)
        return page_of(rows, limit, action_of, lambda row: (row.due_at.isoformat(), str(row.id)))

    async def action(self, reference: UUID | str) -> ActionView:
        """Read one with what notifier did about it; refuses with ActionMissing."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(action).where(named(action, reference)))).first()
            if row is None:
                raise ActionMissing(f"There is no action {reference}.")
            times = (
                await connection.execute(_NOTICE_TIMES, {"action": row.id, "generation": row.generation})
            ).one()
            noticed = (await connection.execute(_NOTICES, {"action": row.id})).all()
            return ActionView(
                action_of(row),
                tuple(_notice(each) for each in noticed if each.kind not in _ANSWERS),
                tuple(_answer(each) for each in noticed if each.kind in _ANSWERS),
                times.last_notified_at,
                times.breach_noticed_at,
            )

    async def decisions(self, complaint_id: UUID | None, after: Keys, limit: int) -> Page[DecisionView]:
        """List triage decisions, newest first, of one complaint or of all."""
        query = _DECISIONS
        if complaint_id is not None:
            query = query.where(triage_decision.c.complaint_id == complaint_id)
        order = (triage_decision.c.decided_at, triage_decision.c.id)
        async with self._engine.connect() as connection:
            return await newest_first(connection, query, order, (after, limit), _decision)

    async def nonconformity_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to a nonconformity, oldest first."""
        return await self._history(nonconformity, reference, after, limit, NonconformityMissing)

    async def action_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to an action, oldest first."""
        return await self._history(action, reference, after, limit, ActionMissing)

    async def _history(
        self,
        table: sa.Table,
        reference: UUID | str,
        after: Keys,
        limit: int,
        missing: type[NonconformityMissing | ActionMissing],
    ) -> Page[Entry]:
        async with self._engine.connect() as connection:
            thing = (await connection.execute(sa.select(table.c.id).where(named(table, reference)))).scalar()
            if thing is None:
                raise missing(f"There is no {table.name} {reference}.")
            position = 0 if after is None else int(after[0])
            query = sa.select(history).where(history.c.thing_id == thing, history.c.position > position)
            rows = await rows_of(connection, query.order_by(history.c.position), limit)
        return page_of(rows, limit, entry_of, lambda row: (str(row.position),))


_LINKED = (
    sa.select(complaint, nonconformity_complaint.c.linked_at)
    .join(nonconformity_complaint, nonconformity_complaint.c.complaint_id == complaint.c.id)
    .where(nonconformity_complaint.c.nonconformity_id == sa.bindparam("nonconformity"))
    .order_by(nonconformity_complaint.c.linked_at, complaint.c.id)
    .limit(MOST_COMPLAINTS)
)
_ACTIONS_OF = (
    sa.select(action)
    .where(action.c.parent_kind == "nonconformity", action.c.parent_id == sa.bindparam("nonconformity"))
    .order_by(action.c.given_at, action.c.id)
)
_CASES_OF = (
    sa.select(corrective_case.c.id, corrective_case.c.number, corrective_case.c.state)
    .join(case_nonconformity, case_nonconformity.c.case_id == corrective_case.c.id)
    .where(case_nonconformity.c.nonconformity_id == sa.bindparam("nonconformity"))
    .order_by(corrective_case.c.id)
)
_ANSWERS = frozenset({"acknowledged", "snoozed"})
_NOTICES = (
    sa.select(action_notice)
    .where(action_notice.c.action_id == sa.bindparam("action"))
    .order_by(action_notice.c.at.desc(), action_notice.c.event_id)
    .limit(MOST_NOTICES)
)
_NOTICE_TIMES = sa.select(
    sa.func.max(action_notice.c.at).filter(action_notice.c.kind == "sent").label("last_notified_at"),
    sa.func.min(action_notice.c.at)
    .filter(action_notice.c.kind == "breached", action_notice.c.generation == sa.bindparam("generation"))
    .label("breach_noticed_at"),
).where(action_notice.c.action_id == sa.bindparam("action"))
_DECISIONS = (
    sa.select(
        triage_decision,
        complaint.c.number.label("complaint_number"),
        nonconformity.c.number.label("nonconformity_number"),
    )
    .join(complaint, complaint.c.id == triage_decision.c.complaint_id)
    .outerjoin(nonconformity, nonconformity.c.id == triage_decision.c.nonconformity_id)
)


def _wanted_nonconformities(wanted: NonconformityFilter) -> Conditions:
    table = nonconformity.c
    conditions = [
        *any_of(table.product, wanted.product),
        *any_of(table.category, wanted.category),
        *any_of(table.severity, wanted.severity),
        *any_of(table.state, wanted.state),
    ]
    if wanted.site is not None:
        conditions.append(table.id.in_(of_sites(wanted.site)))
    if wanted.raised_from is not None:
        conditions.append(table.raised_at >= wanted.raised_from)
    if wanted.raised_to is not None:
        conditions.append(table.raised_at < wanted.raised_to)
    if wanted.complaint_id is not None:
        links = nonconformity_complaint.c
        conditions.append(
            table.id.in_(sa.select(links.nonconformity_id).where(links.complaint_id == wanted.complaint_id))
        )
    return conditions


def _wanted_actions(wanted: ActionFilter, now: datetime) -> Conditions:
    table = action.c
    conditions = [
        *any_of(table.owner, wanted.owner),
        *any_of(table.team, wanted.team),
        *any_of(table.severity, wanted.severity),
        *any_of(table.product, wanted.product),
        *any_of(table.state, wanted.state),
    ]
    if wanted.nonconformity_id is not None:
        conditions += [
            table.parent_kind == "nonconformity",
            table.parent_id == wanted.nonconformity_id,
        ]
    if wanted.case_id is not None:
        conditions += [table.parent_kind == "case", table.parent_id == wanted.case_id]
    if wanted.due_before is not None:
        conditions.append(table.due_at < wanted.due_before)
    if wanted.overdue is not None:
        overdue = sa.and_(table.state == "open", table.due_at < now)
        conditions.append(overdue if wanted.overdue else sa.not_(overdue))
    return conditions


def _linked_complaint(row: Any) -> LinkedComplaint:
    return LinkedComplaint(
        row.id,
        row.number,
        Severity(row.severity),
        row.product,
        row.category,
        row.channel,
        row.received_at,
        row.linked_at,
        row.ended,
        row.site,
    )


def _notice(row: Any) -> Notice:
    return Notice(
        event_id=row.event_id,
        action_id=row.action_id,
        kind=row.kind,
        generation=row.generation,
        at=row.at,
        step=row.step,
        recipient=row.recipient,
        channel=row.channel,
        reason=row.reason,
    )


def _answer(row: Any) -> NoticeAnswer:
    return NoticeAnswer(
        event_id=row.event_id,
        action_id=row.action_id,
        kind=row.kind,
        generation=row.generation,
        at=row.at,
        step=row.step,
        by=row.recipient,
        reason=row.reason,
        until=row.until,
    )


def _decision(row: Any) -> DecisionView:
    return DecisionView(
        row.id,
        row.complaint_id,
        row.complaint_number,
        row.ordinal,
        row.trigger,
        row.outcome,
        row.rule,
        row.reason,
        row.explanation,
        row.policy_version,
        row.decided_at,
        row.nonconformity_id,
        row.nonconformity_number,
    )
