"""Reported units, on one transaction."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db.tables import exposure, site_exposure
from capa.domain.errors import ExposureOverlaps
from capa.domain.signals.exposure import Exposure


def _replacing(table: sa.Table) -> pg.Insert:
    given = pg.insert(table)
    return given.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: given.excluded[name] for name in ("next_day", "units", "actor", "reported_at")},
    )


_REPORT = _replacing(exposure)
_REPORT_OF_SITE = _replacing(site_exposure)


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
        table = exposure if value.site is None else site_exposure
        same = [table.c.product == value.product, table.c.unit == value.unit.value]
        if value.site is not None:
            same.append(table.c.site == value.site)
        near = await self._connection.execute(
            sa.select(table.c.first_day, table.c.next_day).where(
                *same, table.c.first_day < value.next_day, table.c.next_day > value.first_day
            )
        )
        rows = near.all()
        for row in rows:
            if row.first_day != value.first_day:
                raise ExposureOverlaps(
                    f"{_named(value)} has a figure for {value.unit} from {row.first_day} to {row.next_day}, which counts "
                    f"days of {value.first_day} to {value.next_day} as well: report the same days again, or other days."
                )
        await self._connection.execute(_REPORT if value.site is None else _REPORT_OF_SITE, _row(value))
        return not rows


def _named(value: Exposure) -> str:
    return value.product if value.site is None else f"{value.product} of {value.site}"


def _row(value: Exposure) -> dict[str, Any]:
    of_site = {} if value.site is None else {"site": value.site}
    return {
        **of_site,
        "product": value.product,
        "unit": value.unit.value,
        "first_day": value.first_day,
        "next_day": value.next_day,
        "units": value.units,
        "actor": value.actor,
        "reported_at": value.reported_at,
    }
