"""Nonconformities, locked while people work on them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db import chaining
from capa.db.rows import complaint_of, nonconformity_of, row_of_nonconformity
from capa.db.tables import (
    NONCONFORMITY_NUMBERS,
    case_nonconformity,
    complaint,
    corrective_case,
    nonconformity,
    nonconformity_complaint,
)
from capa.db.triage import pair_of
from capa.domain.complaint import Complaint
from capa.domain.errors import AlreadyLinked, ComplaintUnknown, NonconformityMissing
from capa.domain.nonconformity import Nonconformity
from capa.usecases.chronicle import Change

_LOCK_PAIR = sa.text("SELECT pg_advisory_xact_lock(CAST(:pair AS bigint))")
_CASES = (
    sa.select(sa.func.count())
    .select_from(case_nonconformity)
    .join(corrective_case, corrective_case.c.id == case_nonconformity.c.case_id)
    .where(
        case_nonconformity.c.nonconformity_id == sa.bindparam("nonconformity"),
        corrective_case.c.state.not_in(("rejected", "cancelled")),
    )
)


class PostgresNonconformities:
    """Reads and writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, reference: UUID | str) -> Nonconformity:
        """Lock a nonconformity by its id or number; refuses with NonconformityMissing."""
        named = (nonconformity.c.id if isinstance(reference, UUID) else nonconformity.c.number) == reference
        place = (
            await self._connection.execute(
                sa.select(nonconformity.c.id, nonconformity.c.product, nonconformity.c.category).where(named)
            )
        ).first()
        if place is None:
            raise NonconformityMissing(f"There is no nonconformity {reference}.")
        # The pair first, as triage does: triage reads the last line of history in the statement that waits for the row.
        pair = pair_of(place.product, place.category)
        await self._connection.execute(_LOCK_PAIR, {"pair": pair})
        row = (
            await self._connection.execute(
                sa.select(nonconformity).where(nonconformity.c.id == place.id).with_for_update()
            )
        ).one()
        return nonconformity_of(row)

    async def next_number(self) -> str:
        """Take the next number."""
        number = await self._connection.execute(sa.select(NONCONFORMITY_NUMBERS.next_value()))
        return f"NC-{number.scalar_one()}"

    async def add(self, value: Nonconformity, change: Change) -> None:
        """Write one that was just raised by hand, and the first line of its history."""
        await self._connection.execute(sa.insert(nonconformity).values(row_of_nonconformity(value)))
        await chaining.append(self._connection, value.id, change)

    async def save(self, value: Nonconformity, change: Change) -> None:
        """Write one that was read in this transaction, and the change as the next line of its history."""
        row: dict[str, Any] = row_of_nonconformity(value)
        await self._connection.execute(
            sa.update(nonconformity).where(nonconformity.c.id == value.id).values(row)
        )
        await chaining.append(self._connection, value.id, change)

    async def cases(self, nonconformity_id: UUID) -> int:
        """Count the cases that cover it and were neither rejected nor cancelled."""
        found = await self._connection.execute(_CASES, {"nonconformity": nonconformity_id})
        return int(found.scalar_one())

    async def complaint(self, complaint_id: UUID) -> Complaint:
        """Read a complaint as its source has it; refuses with ComplaintUnknown."""
        row = (
            await self._connection.execute(sa.select(complaint).where(complaint.c.id == complaint_id))
        ).first()
        if row is None:
            raise ComplaintUnknown(f"No complaint {complaint_id} is known here.")
        return complaint_of(row)

    async def link(self, value: Nonconformity, linked: Complaint, change: Change) -> None:
        """Write a link that was made by hand; refuses with AlreadyLinked where there is one."""
        links = nonconformity_complaint.c
        known = await self._connection.execute(
            sa.select(links.complaint_id).where(
                links.nonconformity_id == value.id, links.complaint_id == linked.id
            )
        )
        if known.first() is not None:
            raise AlreadyLinked(f"Complaint {linked.number} belongs to {value.number} already.")
        await self._connection.execute(
            sa.insert(nonconformity_complaint).values(
                nonconformity_id=value.id, complaint_id=linked.id, linked_at=change.at
            )
        )
        await self.save(value, change)
