"""The tables of what is told of the handling of complaints."""

from typing import Final

import sqlalchemy as sa

_metadata: Final = sa.MetaData()


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


# What intake announced about the handling of complaints: each step once, by the version that it left the complaint in. No
# row depends on another, so that it does not matter in which order, or how often, they are told.
complaint_step = sa.Table(
    "complaint_step",
    _metadata,
    sa.Column("complaint_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Text, primary_key=True),
    _instant("at"),
    sa.Column("investigated", sa.Boolean),
    sa.Index("complaint_step_by_time", "at"),
)

# Each clock of a complaint as it was told last, which is what its highest generation and the latest word of that say.
complaint_deadline = sa.Table(
    "complaint_deadline",
    _metadata,
    sa.Column("complaint_id", sa.Uuid, primary_key=True),
    sa.Column("clock", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    # 0 it runs, 1 it is on hold, 2 it was voided, 3 it was met: the greater number comes later in one generation.
    sa.Column("standing", sa.SmallInteger, nullable=False),
    _instant("started_at"),
    _instant("original_due_at"),
    _instant("due_at"),
    _instant("ended_at", nullable=True),
    sa.CheckConstraint("kind IN ('acknowledge', 'respond')", name="complaint_deadline_kind"),
    sa.CheckConstraint("standing BETWEEN 0 AND 3", name="complaint_deadline_standing"),
    sa.Index("complaint_deadline_by_due", "due_at"),
    sa.Index("complaint_deadline_by_original_due", "original_due_at"),
)


def attach(metadata: sa.MetaData) -> None:
    """Add these tables to a service's own, so that its migrations are compared with all of them."""
    for table in _metadata.sorted_tables:
        table.to_metadata(metadata)
