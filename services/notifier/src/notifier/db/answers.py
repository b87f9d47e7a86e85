"""Answers to notices in PostgreSQL; they are only ever added."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.db.tables import ANSWER
from notifier.domain.answer import Answer, AnswerKind, Postponed
from notifier.domain.deadline import Key

IS_ANSWERED: Final = """EXISTS (
    SELECT FROM answer
     WHERE answer.subject_id = notice.subject_id AND answer.clock = notice.clock
       AND answer.generation = notice.generation AND answer.at >= notice.created_at
       AND notice.recipient = deadline.owner
)"""
"""Whether a row of `notice` told its owner of a `deadline` of what was answered since."""

_OF = sa.text("""
SELECT * FROM answer
 WHERE (subject_id, clock) IN (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[])))
 ORDER BY subject_id, clock, at, id
""").columns(*ANSWER.columns)


class PostgresAnswers:
    """What was answered to notices."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, keys: Iterable[Key]) -> Mapping[Key, tuple[Answer, ...]]:
        """Read the answers of every generation, the first one first."""
        return await answers_of(self._connection, keys)

    async def add(self, answer: Answer) -> None:
        """Keep an answer to a deadline that is locked."""
        moved = answer.postponed
        await self._connection.execute(
            sa.insert(ANSWER).values(
                id=answer.id,
                subject_id=answer.subject_id,
                clock=answer.clock,
                generation=answer.generation,
                kind=str(answer.kind),
                step=answer.step,
                owner=answer.owner,
                actor=answer.by,
                reason=answer.reason,
                at=answer.at,
                until=answer.until,
                postponed_step=moved.step if moved else None,
                postponed_from=moved.planned if moved else None,
                postponed_to=moved.to if moved else None,
                next_step=answer.next_step,
                next_at=answer.next_at,
            )
        )


async def answers_of(connection: AsyncConnection, keys: Iterable[Key]) -> Mapping[Key, tuple[Answer, ...]]:
    """Read the answers of deadlines, of every generation, the first one first."""
    named = list(keys)
    names: dict[str, list[UUID] | list[str]] = {
        "ids": [subject_id for subject_id, _ in named],
        "clocks": [clock for _, clock in named],
    }
    found: dict[Key, list[Answer]] = {}
    for row in await connection.execute(_OF, names):
        found.setdefault((row.subject_id, row.clock), []).append(_answer_of(row))
    return {key: tuple(answers) for key, answers in found.items()}


def _answer_of(row: Any) -> Answer:
    moved = None
    if row.postponed_step is not None:
        moved = Postponed(row.postponed_step, row.postponed_from, row.postponed_to)
    return Answer(
        id=row.id,
        kind=AnswerKind(row.kind),
        subject_id=row.subject_id,
        clock=row.clock,
        generation=row.generation,
        step=row.step,
        owner=row.owner,
        by=row.actor,
        reason=row.reason,
        at=row.at,
        until=row.until,
        postponed=moved,
        next_step=row.next_step,
        next_at=row.next_at,
    )
