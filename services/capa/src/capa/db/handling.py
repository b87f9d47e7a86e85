"""Keeps what is told of the handling of complaints."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db.handling_tables import complaint_deadline, complaint_step
from capa.domain.handling import DeadlineStands, HandlingFact, StepTaken
from chassis.many_rows import Row, document, insert_rows

_STEPS: Final = insert_rows(
    complaint_step, "steps", "ORDER BY complaint_id, version, step ON CONFLICT DO NOTHING"
)
_LATER: Final = ", ".join(
    f"{name} = excluded.{name}"
    for name in ("kind", "generation", "standing", "started_at", "original_due_at", "due_at", "ended_at")
)
_DEADLINES: Final = insert_rows(
    complaint_deadline,
    "deadlines",
    "ORDER BY complaint_id, clock, ordinal ON CONFLICT (complaint_id, clock, ordinal) DO UPDATE SET "
    f"{_LATER} WHERE (excluded.generation, excluded.standing) > "
    "(complaint_deadline.generation, complaint_deadline.standing)",
)


class PostgresHandling:
    """Writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, facts: Sequence[HandlingFact]) -> None:
        """Keep steps that are not on record yet, and deadlines that are told as later than they stand there."""
        steps = [_row(each) for each in facts if isinstance(each, StepTaken)]
        if steps:
            await self._connection.execute(_STEPS, {"steps": document(steps)})
        if deadlines := _latest(each for each in facts if isinstance(each, DeadlineStands)):
            rows = [_row(each) for each in deadlines]
            await self._connection.execute(_DEADLINES, {"deadlines": document(rows)})


def _latest(told: Iterable[DeadlineStands]) -> Sequence[DeadlineStands]:
    """Give each deadline once: no statement may write the same row twice."""
    found: dict[tuple[object, ...], DeadlineStands] = {}
    for each in told:
        place = (each.complaint_id, each.clock, each.ordinal)
        known = found.get(place)
        if known is None or (known.generation, known.standing) < (each.generation, each.standing):
            found[place] = each
    return list(found.values())


def _row(fact: HandlingFact) -> Row:
    return asdict(fact)
