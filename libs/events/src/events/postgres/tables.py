"""The tables that delivery needs in each service's database."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

SHARDS = 16
"""Outbox shards, and partitions of the embedded log; fixed, since a key must never change its shard."""


def attach(metadata: sa.MetaData) -> None:
    """Describe delivery's tables in a service's metadata, so that its migrations can be compared with it."""
    _outbox(metadata)
    _inbox(metadata)
    _parked(metadata)


def _outbox(metadata: sa.MetaData) -> None:
    sa.Table(
        "outbox",
        metadata,
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("shard", sa.SmallInteger, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        # Counts the events of a key; none for dead letters, which tell nothing new.
        sa.Column("sequence", sa.BigInteger),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Index("outbox_by_shard", "shard", "position"),
    )
    sa.Table(
        "outbox_shard",
        metadata,
        sa.Column("shard", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
    )
    sa.Table(
        "outbox_sequence",
        metadata,
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    sa.Table(
        "outbox_refused",
        metadata,
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _inbox(metadata: sa.MetaData) -> None:
    sa.Table(
        "inbox",
        metadata,
        sa.Column("consumer_group", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('handled', 'parked', 'discarded')", name="inbox_state"),
        sa.Index("inbox_by_age", "claimed_at"),
    )


def _parked(metadata: sa.MetaData) -> None:
    sa.Table(
        "parked",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("consumer_group", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_key", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log", pg.JSONB, nullable=False),
        sa.CheckConstraint("state IN ('parked', 'dead', 'discarded')", name="parked_state"),
        sa.UniqueConstraint("consumer_group", "source", "event_id", name="parked_once"),
        sa.Index(
            "parked_blocking", "consumer_group", "key", "id", postgresql_where=sa.text("state <> 'discarded'")
        ),
        sa.Index("parked_due", "next_attempt_at", postgresql_where=sa.text("state = 'parked'")),
    )
