"""Cases, locked while they are worked on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db import chaining
from capa.db.rows import case_of, row_of_case
from capa.db.tables import CASE_NUMBERS, case_nonconformity, corrective_case, nonconformity, signed_document
from capa.domain.case.case import FINAL, Case, State
from capa.domain.case.signing import Document
from capa.domain.case.values import RecordLink, Signature
from capa.domain.errors import CaseMissing
from capa.usecases.chronicle import Change

_IDS = sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))
_KNOWN = sa.union_all(
    sa.select(sa.literal("nonconformity").label("kind"), nonconformity.c.id).where(
        nonconformity.c.id == sa.any_(_IDS)
    ),
    sa.select(sa.literal("case").label("kind"), corrective_case.c.id).where(
        corrective_case.c.id == sa.any_(_IDS)
    ),
)


class PostgresCases:
    """Reads and writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, reference: UUID | str) -> Case:
        """Lock a case by its id or number; refuses with CaseMissing."""
        named = (
            corrective_case.c.id if isinstance(reference, UUID) else corrective_case.c.number
        ) == reference
        row = (
            await self._connection.execute(sa.select(corrective_case).where(named).with_for_update())
        ).first()
        if row is None:
            raise CaseMissing(f"There is no case {reference}.")
        return case_of(row)

    async def next_number(self) -> str:
        """Take the next number."""
        return f"CA-{(await self._connection.execute(sa.select(CASE_NUMBERS.next_value()))).scalar_one()}"

    async def unknown(self, names: Sequence[RecordLink]) -> Sequence[RecordLink]:
        """List those of these records that do not exist."""
        if not names:
            return []
        rows = await self._connection.execute(_KNOWN, {"ids": [name.id for name in names]})
        known = {(row.kind, row.id) for row in rows}
        return [name for name in names if (name.kind, name.id) not in known]

    async def add(self, case: Case, change: Change) -> None:
        """Write a case that was just requested, and the first line of its history."""
        await self._connection.execute(sa.insert(corrective_case).values(row_of_case(case)))
        await self._link(case)
        await chaining.append(self._connection, case.id, change)

    async def save(
        self, case: Case, change: Change, signed: tuple[Signature, Document] | None = None
    ) -> None:
        """Write a case that was read in this transaction, the next line of its history, and what was signed."""
        await self._connection.execute(
            sa.update(corrective_case).where(corrective_case.c.id == case.id).values(row_of_case(case))
        )
        await self._link(case)
        await chaining.append(self._connection, case.id, change)
        if signed is not None:
            signature, document = signed
            await self._connection.execute(
                sa.insert(signed_document).values(
                    signature_id=signature.id, case_id=case.id, document=document
                )
            )

    async def monitored_until(self, now: datetime, limit: int) -> Sequence[UUID]:
        """List cases whose window of monitoring has ended by now, the earliest first, without locking them."""
        rows = await self._connection.execute(
            sa.select(corrective_case.c.id)
            .where(corrective_case.c.state == "monitoring", corrective_case.c.monitoring_until <= now)
            .order_by(corrective_case.c.monitoring_until)
            .limit(limit)
        )
        return [row.id for row in rows]

    async def closed_last(self, since: datetime) -> Sequence[Case]:
        """Read cases that were closed as effective since then, the last one of each product and category."""
        other = corrective_case.alias("other")
        closed = (
            sa.select(corrective_case)
            .ext(pg.distinct_on(corrective_case.c.product, corrective_case.c.category))
            .where(
                corrective_case.c.state == State.CLOSED_EFFECTIVE.value,
                corrective_case.c.closed_at >= since,
                ~sa.exists().where(
                    other.c.product == corrective_case.c.product,
                    other.c.category == corrective_case.c.category,
                    other.c.state.not_in(sorted(state.value for state in FINAL)),
                ),
            )
            .order_by(
                corrective_case.c.product, corrective_case.c.category, corrective_case.c.closed_at.desc()
            )
        )
        return [case_of(row) for row in await self._connection.execute(closed)]

    async def _link(self, case: Case) -> None:
        if case.nonconformity_ids:
            await self._connection.execute(
                pg.insert(case_nonconformity)
                .values([{"case_id": case.id, "nonconformity_id": each} for each in case.nonconformity_ids])
                .on_conflict_do_nothing()
            )
