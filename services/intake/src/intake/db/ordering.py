"""The orders of a list, each over columns that never change, so that a page neither repeats nor leaves out a complaint."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from intake.db.tables import complaint
from intake.usecases.views import Sort

NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Order:
    """One order; the id breaks ties."""

    column: sa.Column[Any]
    descending: bool

    @classmethod
    def of(cls, sort: Sort) -> "Order":
        """Read what a caller asks for."""
        return cls(complaint.c[sort.removeprefix("-")], sort.startswith("-"))

    @property
    def by(self) -> list[sa.ColumnElement[Any]]:
        """Give what to order by."""
        return [self.directed(self.column), self.directed(complaint.c.id)]

    @property
    def by_no_index(self) -> list[sa.ColumnElement[Any]]:
        """Give the same order, which no index can serve."""
        return [self.directed(self.place), self.directed(complaint.c.id)]

    @property
    def place(self) -> sa.ColumnElement[Any]:
        """Give what comes before the id, as no index has it."""
        nothing = sa.literal(0) if self.column.name == NUMBER else sa.text("interval '0'")
        return self.column + nothing

    def over(self, column: sa.Column[Any]) -> "Order":
        """Give the same order over the same column of another table."""
        return replace(self, column=column)

    def after(self, keys: tuple[str, ...]) -> sa.ColumnElement[bool]:
        """Keep what comes after a page that ended with these keys."""
        first = int(keys[0]) if self.column.name == NUMBER else datetime.fromisoformat(keys[0])
        place = sa.tuple_(self.column, complaint.c.id)
        mark = sa.tuple_(sa.literal(first, self.column.type), sa.literal(UUID(keys[1])))
        return place < mark if self.descending else place > mark

    def keys(self, row: Any) -> tuple[str, str]:
        """Write the keys of a page's last row."""
        value = getattr(row, self.column.name)
        return (str(value) if self.column.name == NUMBER else value.isoformat(), str(row.id))

    def directed(self, part: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Turn a part of the order the way that it goes."""
        return part.desc() if self.descending else part.asc()
