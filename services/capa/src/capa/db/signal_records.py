"""Reads signals and exposure for lists and single things; nothing is locked."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from capa.db.rows import entry_of
from capa.db.signal_rows import signal_of
from capa.db.tables import exposure, history, signal, site_exposure
from capa.domain.errors import SignalMissing
from capa.domain.signals.exposure import Exposure, Unit
from capa.domain.signals.signal import Signal
from capa.usecases.reading import Keys
from capa.usecases.signal_reading import ExposureFilter, SignalFilter
from common.history import Entry
from common.page import Page

T = TypeVar("T")

# The site of figures that count a product as a whole is empty, which sorts before every code.
_FIGURES: Final = (
    (exposure, sa.literal("", sa.Text)),
    (site_exposure, site_exposure.c.site),
)


class PostgresSignalRecords:
    """Reads with a connection of the engine's for each call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def signals(self, wanted: SignalFilter, after: Keys, limit: int) -> Page[Signal]:
        """List signals, the one raised last first."""
        newest_first = (signal.c.raised_at, signal.c.id)
        query = sa.select(signal).where(
            *_any_of(signal.c.state, wanted.state),
            *_any_of(signal.c.watch, wanted.watch),
            *_any_of(signal.c.product, wanted.product),
            *_any_of(signal.c.category, wanted.category),
            *_any_of(signal.c.site, wanted.site),
        )
        if after is not None:
            moment, identity = after
            at = sa.literal(datetime.fromisoformat(moment), sa.DateTime(timezone=True))
            query = query.where(sa.tuple_(*newest_first) < sa.tuple_(at, sa.literal(UUID(identity), sa.Uuid)))
        rows = await self._rows(query.order_by(*(column.desc() for column in newest_first)), limit)
        return _page(rows, limit, signal_of, lambda row: (row.raised_at.isoformat(), str(row.id)))

    async def signal(self, reference: UUID | str) -> Signal:
        """Read one by its id or number; refuses with SignalMissing."""
        rows = await self._rows(sa.select(signal).where(_named(reference)), 1)
        if not rows:
            raise SignalMissing(f"There is no signal {reference}.")
        return signal_of(rows[0])

    async def signal_history(self, reference: UUID | str, after: Keys, limit: int) -> Page[Entry]:
        """List what happened to a signal, oldest first."""
        thing = (await self.signal(reference)).id
        position = 0 if after is None else int(after[0])
        query = sa.select(history).where(history.c.thing_id == thing, history.c.position > position)
        rows = await self._rows(query.order_by(history.c.position), limit)
        return _page(rows, limit, entry_of, lambda row: (str(row.position),))

    async def exposures(self, wanted: ExposureFilter, after: Keys, limit: int) -> Page[Exposure]:
        """List figures by product, unit, day and site, that of the whole product first."""
        both = sa.union_all(
            *(
                sa.select(*(table.c[column.name] for column in exposure.c), site.label("site"))
                for table, site in _FIGURES
            )
        ).subquery()
        order = (both.c.product, both.c.unit, both.c.first_day, both.c.site)
        query = sa.select(both).where(
            *_any_of(both.c.product, wanted.product),
            *_any_of(both.c.unit, wanted.unit),
            *_any_of(both.c.site, wanted.site),
        )
        if after is not None:
            # A page that a process without sites ended names none.
            product, unit, day, site = (*after, "")[:4]
            keys = sa.tuple_(
                sa.literal(product, sa.Text),
                sa.literal(unit, sa.Text),
                sa.literal(date.fromisoformat(day), sa.Date),
                sa.literal(site, sa.Text),
            )
            query = query.where(sa.tuple_(*order) > keys)
        rows = await self._rows(query.order_by(*order), limit)
        return _page(
            rows,
            limit,
            _exposure,
            lambda row: (row.product, row.unit, row.first_day.isoformat(), row.site),
        )

    async def _rows(self, query: sa.Select[Any], limit: int) -> Sequence[Any]:
        # One more than is shown, to know whether there is a next page.
        async with self._engine.connect() as connection:
            rows: Sequence[Any] = (await connection.execute(query.limit(limit + 1))).all()
        return rows


def _any_of(column: sa.ColumnElement[Any], values: frozenset[Any] | None) -> list[sa.ColumnElement[bool]]:
    return [] if values is None else [column.in_(sorted(str(value) for value in values))]


def _named(reference: UUID | str) -> sa.ColumnElement[bool]:
    column: sa.Column[Any] = signal.c.id if isinstance(reference, UUID) else signal.c.number
    return column == reference


def _page(
    rows: Sequence[Any], limit: int, item: Callable[[Any], T], keys: Callable[[Any], tuple[str, ...]]
) -> Page[T]:
    shown = rows[:limit]
    return Page(tuple(map(item, shown)), keys(shown[-1]) if len(rows) > limit else None)


def _exposure(row: Any) -> Exposure:
    return Exposure(
        product=row.product,
        unit=Unit(row.unit),
        first_day=row.first_day,
        next_day=row.next_day,
        units=row.units,
        actor=row.actor,
        reported_at=row.reported_at,
        site=row.site or None,
    )
