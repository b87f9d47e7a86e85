"""The command that seals every webhook secret of a service under the present key: `python -m <service> seal-secrets`.

Secrets are sealed on each write anyway. The command is for the rest, so that a former key can be withdrawn.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.webhooks.sealing import Sealer, Unreadable, place_of, secret_of
from chassis.webhooks.signing import PREFIX

_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a service keeps webhook secrets: columns of a table, each sealed for the place of its row."""

    table: sa.Table
    columns: tuple[str, ...]


@dataclass(slots=True)
class Counted:
    """What became of the secrets, and the places of those that no key opens."""

    written: int = 0
    left: int = 0
    unreadable: list[str] = field(default_factory=list)


async def command(engine: AsyncEngine, sealer: Sealer, kept: Kept, *, unseal: bool = False) -> int:
    """Seal all, or write all unsealed, and say what was done; gives 1 where one could not be read."""
    counted = await rewrite(engine, sealer, kept, unseal=unseal)
    for place in counted.unreadable:
        sys.stderr.write(f"{place}: no key opens this secret: rotate it\n")
    done = "unsealed" if unseal else "sealed"
    sys.stdout.write(
        f"{counted.written} secrets {done}, {counted.left} were so already, "
        f"{len(counted.unreadable)} cannot be read.\n"
    )
    return 1 if counted.unreadable else 0


async def rewrite(engine: AsyncEngine, sealer: Sealer, kept: Kept, *, unseal: bool = False) -> Counted:
    """Rewrite what does not stand as it should, in transactions of some hundred rows, beside all other writers."""
    counted, after = Counted(), None
    while True:
        async with engine.begin() as connection:
            rows = await _locked(connection, kept, after)
            for row in rows:
                values = _rewritten(row, sealer, kept, counted, unseal=unseal)
                if values:
                    statement = sa.update(kept.table).where(kept.table.c.id == row["id"]).values(values)
                    await connection.execute(statement)
        if len(rows) < _ROWS:
            return counted
        after = rows[-1]["id"]


async def _locked(connection: AsyncConnection, kept: Kept, after: object) -> Sequence[RowMapping]:
    columns = [kept.table.c[name] for name in kept.columns]
    query = sa.select(kept.table.c.id, *columns).where(sa.or_(*(column.is_not(None) for column in columns)))
    if after is not None:
        query = query.where(kept.table.c.id > after)
    locked = await connection.execute(query.order_by(kept.table.c.id).limit(_ROWS).with_for_update())
    return locked.mappings().all()


def _rewritten(
    row: RowMapping, sealer: Sealer, kept: Kept, counted: Counted, *, unseal: bool
) -> dict[str, str]:
    place = place_of(kept.table.name, row["id"])
    values = {}
    for name in kept.columns:
        text = row[name]
        if text is None:
            continue
        if text.startswith(PREFIX) if unseal else sealer.is_current(text, place=place):
            counted.left += 1
            continue
        try:
            secret = secret_of(text, sealer, place=place)
        except Unreadable:
            counted.unreadable.append(place)
            continue
        values[name] = secret if unseal else sealer.seal(secret, place=place)
        counted.written += 1
    return values
