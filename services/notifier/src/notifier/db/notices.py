"""Notices in PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import new_id
from common.page import Page
from notifier.db.answers import IS_ANSWERED
from notifier.db.tables import NOTICE
from notifier.domain.deadline import Deadline, Severity
from notifier.domain.ladder import StepKind
from notifier.domain.notice import Item, Notice, NoticeState, Silence
from notifier.domain.person import Channel
from notifier.usecases.ports import Way
from notifier.usecases.views import NoticeFilter, NoticeView

_ROWS_A_STATEMENT = 1_000

_GATHER = sa.text("""
INSERT INTO delivery (id, recipient, channel, state, critical, attempts, tries, maybe_duplicate,
                      created_at, next_attempt_at)
SELECT id, recipient, channel, 'planned', critical, 0, 0, false, created_at, at
  FROM unnest(CAST(:ids AS uuid[]), CAST(:recipients AS text[]), CAST(:channels AS text[]),
              CAST(:criticals AS boolean[]), CAST(:created AS timestamptz[]), CAST(:moments AS timestamptz[]))
       AS given (id, recipient, channel, critical, created_at, at)
 ORDER BY recipient, channel
ON CONFLICT (recipient, channel) WHERE state = 'planned' DO UPDATE
   SET next_attempt_at = least(delivery.next_attempt_at, excluded.next_attempt_at),
       critical = delivery.critical OR excluded.critical, version = delivery.version + 1
RETURNING id, recipient, channel
""")
_SUPPRESS = sa.text(f"""
WITH silenced AS (
    UPDATE notice SET state = 'suppressed', finished_at = CAST(:now AS timestamptz),
           reason = CASE WHEN deadline.generation <> notice.generation THEN 'deadline_replaced'
                         WHEN deadline.state <> 'open' THEN 'deadline_' || deadline.state
                         ELSE (SELECT 'deadline_' || kind FROM answer
                                WHERE answer.subject_id = notice.subject_id AND answer.clock = notice.clock
                                  AND answer.generation = notice.generation AND answer.at >= notice.created_at
                                ORDER BY at, id LIMIT 1) END
      FROM deadline
     WHERE notice.delivery_id = ANY(CAST(:ids AS uuid[])) AND notice.state = 'planned'
       AND deadline.subject_id = notice.subject_id AND deadline.clock = notice.clock
       AND (deadline.generation <> notice.generation OR deadline.state <> 'open' OR {IS_ANSWERED})
    RETURNING notice.reason
)
SELECT reason, count(*) AS number FROM silenced GROUP BY reason
""")  # noqa: S608  (conditions of our own)
_ITEMS = sa.text("""
SELECT notice.id, notice.subject_kind, notice.subject_id, notice.clock, notice.step, notice.kind, notice.why,
       deadline.title, deadline.due_at, deadline.severity, deadline.owner, deadline.link,
       deadline.correlation_id, notice.traceparent, notice.tracestate
  FROM notice JOIN deadline ON deadline.subject_id = notice.subject_id AND deadline.clock = notice.clock
 WHERE notice.delivery_id = :id AND notice.state = 'planned'
 ORDER BY array_position(ARRAY['critical', 'major', 'minor'], deadline.severity), deadline.due_at, notice.id
 LIMIT :rows
""")
_REOPEN = sa.text(f"""
UPDATE notice SET state = 'planned', reason = NULL, finished_at = NULL
  FROM deadline
 WHERE notice.delivery_id = :id AND notice.state IN ('sent', 'failed')
   AND deadline.subject_id = notice.subject_id AND deadline.clock = notice.clock
   AND deadline.generation = notice.generation AND deadline.state = 'open' AND NOT {IS_ANSWERED}
""")  # noqa: S608  (conditions of our own)
_WITH_OTHERS = sa.text("""
SELECT EXISTS (
    SELECT FROM notice
     WHERE subject_id = :subject_id AND clock = :clock AND generation = :generation
       AND kind IN ('breach', 'escalation') AND recipient IS DISTINCT FROM CAST(:owner AS text)
)
""")


class PostgresNotices:
    """What is to be told, and what became of it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.posted = False

    async def post(self, notices: Sequence[Notice], first_attempts: Mapping[Way, datetime]) -> int:
        """Put notices into the gathering deliveries of their recipients; those known before are left as they are."""
        ways = sorted(first_attempts)
        critical = {(notice.recipient, notice.channel) for notice in notices if notice.critical}
        rows = await self._connection.execute(
            _GATHER,
            {
                "ids": [new_id() for _ in ways],
                "recipients": [recipient for recipient, _ in ways],
                "channels": [str(channel) for _, channel in ways],
                "criticals": [way in critical for way in ways],
                "created": [notices[0].created_at] * len(ways),
                "moments": [first_attempts[way] for way in ways],
            },
        )
        gathering = {(row.recipient, Channel(row.channel)): row.id for row in rows}
        values = [
            _values(notice) | {"delivery_id": gathering[notice.recipient, notice.channel]}
            for notice in notices
        ]
        new = 0
        for start in range(0, len(values), _ROWS_A_STATEMENT):
            query = pg.insert(NOTICE).values(values[start : start + _ROWS_A_STATEMENT])
            inserted = await self._connection.execute(
                query.on_conflict_do_nothing(constraint="notice_once").returning(NOTICE.c.id)
            )
            new += len(inserted.all())
        self.posted = True
        return new

    async def suppress_stale(self, deliveries: Iterable[UUID], *, now: datetime) -> Mapping[Silence, int]:
        """Drop notices whose deadline was met, voided, set anew or answered; count them by reason."""
        rows = await self._connection.execute(_SUPPRESS, {"ids": list(deliveries), "now": now})
        return {Silence(row.reason): row.number for row in rows}

    async def left(self, deliveries: Iterable[UUID]) -> Mapping[UUID, int]:
        """Count what each delivery still has to tell."""
        query = (
            sa.select(NOTICE.c.delivery_id, sa.func.count().label("number"))
            .where(
                NOTICE.c.delivery_id == sa.any_(sa.cast(list(deliveries), pg.ARRAY(sa.Uuid))),
                NOTICE.c.state == NoticeState.PLANNED,
            )
            .group_by(NOTICE.c.delivery_id)
        )
        return {row.delivery_id: row.number for row in await self._connection.execute(query)}

    async def items(self, delivery: UUID, limit: int) -> tuple[Item, ...]:
        """Read the first notices as their recipient reads them, the worst and oldest first."""
        rows = await self._connection.execute(_ITEMS, {"id": delivery, "rows": limit})
        return tuple(
            Item(
                notice_id=row.id,
                subject_kind=row.subject_kind,
                subject_id=row.subject_id,
                clock=row.clock,
                step=row.step,
                kind=StepKind(row.kind),
                title=row.title,
                due_at=row.due_at,
                severity=Severity(row.severity),
                owner=row.owner,
                link=row.link,
                why=row.why,
                correlation_id=row.correlation_id,
                traceparent=row.traceparent,
                tracestate=row.tracestate,
            )
            for row in rows
        )

    async def planned_of(self, delivery: UUID) -> tuple[Notice, ...]:
        """Read every notice that a delivery still has to tell."""
        query = (
            sa.select(NOTICE)
            .where(NOTICE.c.delivery_id == delivery, NOTICE.c.state == NoticeState.PLANNED)
            .order_by(NOTICE.c.id)
        )
        return tuple(notice_of(row) for row in await self._connection.execute(query))

    async def finish(self, delivery: UUID, state: NoticeState, reason: str | None, *, now: datetime) -> None:
        """End what a delivery still had to tell."""
        await self._connection.execute(
            sa.update(NOTICE)
            .where(NOTICE.c.delivery_id == delivery, NOTICE.c.state == NoticeState.PLANNED)
            .values(state=str(state), reason=reason, finished_at=now)
        )

    async def reopen(self, delivery: UUID) -> int:
        """Plan again what a delivery told or failed to tell and what is still open as told; count it."""
        return (await self._connection.execute(_REOPEN, {"id": delivery})).rowcount

    async def are_with_others(self, deadline: Deadline) -> bool:
        """Tell whether anybody but the owner was, or is about to be, told that a generation is overdue."""
        values = {
            "subject_id": deadline.subject_id,
            "clock": deadline.clock,
            "generation": deadline.generation,
            "owner": deadline.owner,
        }
        found: bool = (await self._connection.execute(_WITH_OTHERS, values)).scalar_one()
        return found

    async def page(self, wanted: NoticeFilter, after: Sequence[str] | None, limit: int) -> Page[NoticeView]:
        """List, the newest first."""
        query = sa.select(NOTICE).order_by(NOTICE.c.id.desc()).limit(limit + 1)
        filters = {
            "recipient": wanted.recipient,
            "channel": wanted.channel and str(wanted.channel),
            "state": wanted.state and str(wanted.state),
            "subject_id": wanted.subject_id,
            "delivery_id": wanted.delivery_id,
        }
        for column, value in filters.items():
            if value is not None:
                query = query.where(NOTICE.c[column] == value)
        if after is not None:
            query = query.where(NOTICE.c.id < UUID(after[0]))
        rows = (await self._connection.execute(query)).all()
        views = tuple(
            NoticeView(notice_of(row), NoticeState(row.state), row.reason, row.delivery_id, row.finished_at)
            for row in rows[:limit]
        )
        return Page(views, (str(rows[limit - 1].id),) if len(rows) > limit else None)


def notice_of(row: Any) -> Notice:
    """Read a row of `notice`."""
    return Notice(
        id=row.id,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        clock=row.clock,
        generation=row.generation,
        step=row.step,
        kind=StepKind(row.kind),
        recipient=row.recipient,
        channel=Channel(row.channel),
        critical=row.critical,
        why=row.why,
        created_at=row.created_at,
        traceparent=row.traceparent,
        tracestate=row.tracestate,
    )


def _values(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "subject_kind": notice.subject_kind,
        "subject_id": notice.subject_id,
        "clock": notice.clock,
        "generation": notice.generation,
        "step": notice.step,
        "kind": str(notice.kind),
        "recipient": notice.recipient,
        "channel": str(notice.channel),
        "critical": notice.critical,
        "why": notice.why,
        "created_at": notice.created_at,
        "traceparent": notice.traceparent,
        "tracestate": notice.tracestate,
        "state": str(NoticeState.PLANNED),
    }
