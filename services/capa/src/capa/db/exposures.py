"""Reported units, on one transaction."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db.tables import exposure
from capa.domain.errors import ExposureOverlaps
from capa.domain.signals.exposure import Exposure

_GIVEN = pg.insert(exposure)
_REPORT = _GIVEN.on_conflict_do_update(
    index_elements=[exposure.c.product, exposure.c.unit, exposure.c.first_day],
    set_={name: _GIVEN.excluded[name] for name in ("next_day", "units", "actor", "reported_at")},
)


class PostgresExposures:
    """Writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def report(self, exposures: Sequence[Exposure]) -> Sequence[bool]:
        """Write figures in their order, one reporter of figures at a time."""
        await self._connection.execute(
            sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("exposure", 0)))
        )
        return [await self._report(each) for each in exposures]

    async def _report(self, value: Exposure) -> bool:
        same = sa.and_(exposure.c.product == value.product, exposure.c.unit == value.unit.value)
        near = await self._connection.execute(
            sa.select(exposure.c.first_day, exposure.c.next_day).where(
                same, exposure.c.first_day < value.next_day, exposure.c.next_day > value.first_day
            )
        )
        rows = near.all()
        for row in rows:
            if row.first_day != value.first_day:
                raise ExposureOverlaps(
                    f"{value.product} has a figure for {value.unit} from {row.first_day} to {row.next_day}, which counts "
                    f"days of {value.first_day} to {value.next_day} as well: report the same days again, or other days."
                )
        await self._connection.execute(_REPORT, _row(value))
        return not rows


def _row(value: Exposure) -> dict[str, Any]:
    return {
        "product": value.product,
        "unit": value.unit.value,
        "first_day": value.first_day,
        "next_day": value.next_day,
        "units": value.units,
        "actor": value.actor,
        "reported_at": value.reported_at,
    }
