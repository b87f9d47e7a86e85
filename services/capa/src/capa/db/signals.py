"""Signals, frozen limits and phases, on one transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db.rows import entry_of, following, row_of_entry
from capa.db.signal_rows import complaint_of, row_of_signal, signal_of
from capa.db.tables import (
    COUNTS,
    SIGNAL_NUMBERS,
    chart_limits,
    chart_phase,
    complaint,
    evaluation,
    history,
    nonconformity_complaint,
    signal,
    triage_decision,
)
from capa.domain.errors import SignalMissing
from capa.domain.signals.charting import Frozen
from capa.domain.signals.signal import Signal
from capa.domain.signals.watch import ALL, NO_SITE
from capa.usecases.chronicle import Change
from capa.usecases.signal_ports import Evidence, Place

_SIGNALS: Final = "signals"
_NAMES: Final = ("watch", "product", "category", "site")
_PLACE: Final = tuple(signal.c[name] for name in _NAMES)


class PostgresSignals:
    """Reads and writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take_turn(self, now: datetime, every: timedelta) -> bool:
        """Tell whether the last evaluation is so long ago, and if so count this one."""
        mine = pg.insert(evaluation).values(name=_SIGNALS, at=now)
        taken = await self._connection.execute(
            mine.on_conflict_do_update(
                index_elements=[evaluation.c.name],
                set_={"at": mine.excluded.at},
                where=evaluation.c.at <= now - every,
            ).returning(evaluation.c.at)
        )
        return taken.first() is not None

    async def of_place(self, place: Place) -> Sequence[Signal]:
        """Read the signals of a place, and keep others from raising one there until the transaction ends."""
        # Without the site where all are taken together: so names it a process that knows of no sites.
        named = place[:-1] if place[-1] == ALL else place
        await self._connection.execute(
            sa.select(
                sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("signal\x1f" + "\x1f".join(named), 0))
            )
        )
        rows = await self._connection.execute(
            sa.select(signal).where(sa.tuple_(*_PLACE) == sa.tuple_(*place))
        )
        return [signal_of(row) for row in rows]

    async def next_number(self) -> str:
        """Take the next number."""
        return f"S-{await self._connection.scalar(sa.select(SIGNAL_NUMBERS.next_value()))}"

    async def add(self, value: Signal, change: Change) -> None:
        """Write a new signal and the first line of its history."""
        await self._connection.execute(sa.insert(signal).values(row_of_signal(value)))
        await self._write(value.id, change)

    async def get(self, reference: UUID | str) -> Signal:
        """Lock a signal by its id or number; refuses with SignalMissing."""
        column = signal.c.id if isinstance(reference, UUID) else signal.c.number
        found = await self._connection.execute(sa.select(signal).where(column == reference).with_for_update())
        row = found.first()
        if row is None:
            raise SignalMissing(f"There is no signal {reference}.")
        return signal_of(row)

    async def save(self, value: Signal, change: Change) -> None:
        """Write a signal that was read in this transaction, and the next line of its history."""
        await self._connection.execute(
            sa.update(signal).where(signal.c.id == value.id).values(row_of_signal(value))
        )
        await self._write(value.id, change)

    async def freeze(self, place: Place, frozen: Frozen) -> None:
        """Keep limits, unless some are kept for the same definition and phase."""
        await self._connection.execute(
            pg.insert(chart_limits)
            .values(
                **_named(place),
                definition=frozen.definition,
                phase=frozen.phase,
                baseline_from=frozen.baseline_from,
                baseline_to=frozen.baseline_to,
                frozen_at=frozen.frozen_at,
                policy_version=frozen.policy_version,
                exposed=frozen.exposed,
                kind=frozen.limits.kind.value,
                limits={name: value for name, value in asdict(frozen.limits).items() if name != "kind"},
            )
            .on_conflict_do_nothing()
        )

    async def begin_phase(self, place: Place, begins_at: datetime, *, actor: str, reason: str) -> int:
        """Begin the next phase of a chart; gives its number, 2 for the first that is begun so."""
        known = sa.select(sa.func.coalesce(sa.func.max(chart_phase.c.phase), 1)).where(
            sa.tuple_(*(chart_phase.c[name] for name in _NAMES)) == sa.tuple_(*place)
        )
        phase = int(await self._connection.scalar(known) or 1) + 1
        await self._connection.execute(
            sa.insert(chart_phase).values(
                **_named(place), phase=phase, begins_at=begins_at, actor=actor, reason=reason
            )
        )
        return phase

    async def evidence(self, value: Signal, limit: int) -> Sequence[Evidence]:
        """Lock and read the complaints that are evidence of a signal, newest first, and where they belong."""
        episode = value.episode
        evidence = sa.and_(
            COUNTS,
            complaint.c.product == episode.product,
            complaint.c.received_at.between(episode.first_at, episode.last_at),
            *([] if episode.category == ALL else [complaint.c.category == episode.category]),
            *_at_site(episode.site),
        )
        # Locked first, so that what was decided about them is read as the holder of a lock before left it.
        newest = (
            sa.select(complaint.c.id)
            .where(evidence)
            .order_by(complaint.c.received_at.desc(), complaint.c.id)
            .limit(limit)
        )
        held = sa.select(complaint.c.id).where(complaint.c.id.in_(newest)).order_by(complaint.c.id)
        ids = [row.id for row in await self._connection.execute(held.with_for_update())]
        query = (
            sa.select(
                complaint,
                sa.select(sa.func.max(triage_decision.c.ordinal))
                .where(triage_decision.c.complaint_id == complaint.c.id)
                .scalar_subquery()
                .label("ordinal"),
                sa.func.array(
                    sa.select(nonconformity_complaint.c.nonconformity_id)
                    .where(nonconformity_complaint.c.complaint_id == complaint.c.id)
                    .scalar_subquery()
                ).label("linked"),
            )
            .where(complaint.c.id == sa.any_(sa.cast(ids, pg.ARRAY(sa.Uuid))), evidence)
            .order_by(complaint.c.received_at.desc(), complaint.c.id)
        )
        return [
            Evidence(complaint_of(row), row.ordinal or 0, linked=frozenset(row.linked))
            for row in await self._connection.execute(query)
        ]

    async def _write(self, thing: UUID, change: Change) -> None:
        newest = (
            sa.select(history).where(history.c.thing_id == thing).order_by(history.c.position.desc()).limit(1)
        )
        row = (await self._connection.execute(newest)).first()
        entry = following(None if row is None else entry_of(row), change)
        await self._connection.execute(sa.insert(history).values(row_of_entry(thing, entry)))


def _named(place: Place) -> dict[str, Any]:
    return dict(zip(_NAMES, place, strict=True))


def _at_site(site: str) -> list[sa.ColumnElement[bool]]:
    if site == ALL:
        return []
    return [complaint.c.site.is_(None) if site == NO_SITE else complaint.c.site == site]
