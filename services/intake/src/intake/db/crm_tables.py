"""The tables of the feed of changes and of webhooks, as the migrations make them."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from intake.db.tables import metadata


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


# Filled by triggers in the transaction of each change, emptied by the one that gives the feed its order.
change_queue: Final = sa.Table(
    "change_queue",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("complaint_id", sa.Uuid),
    sa.Column("history_position", sa.Integer),
    sa.Column("nonconformity_id", sa.Uuid),
    # Whose clock ended; which clock that is, or which is overdue.
    sa.Column("timed_id", sa.Uuid),
    sa.Column("clock", sa.Text),
    sa.Column("ordinal", sa.Integer),
)

change_feed: Final = sa.Table(
    "change_feed",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("last_position", sa.BigInteger, nullable=False),
    sa.Column("forgotten_position", sa.BigInteger, nullable=False),
)

complaint_change: Final = sa.Table(
    "complaint_change",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("complaint_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("source_system", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("changed", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("historical", sa.Boolean, nullable=False),
    sa.Column("occurred_at", _instant(), nullable=False),
    sa.Column("recorded_at", _instant(), nullable=False),
    sa.Column("clock", sa.Text),
    sa.Index("complaint_change_of_source", "source_system", "position"),
)

webhook_endpoint: Final = sa.Table(
    "webhook_endpoint",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("source_system", sa.Text),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("event_types", pg.ARRAY(sa.Text), nullable=False),
    # Encrypted, under a key that the pepper gives.
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("previous_secret", sa.Text),
    sa.Column("previous_until", _instant()),
    sa.Column("disabled_at", _instant()),
    sa.Column("disabled_reason", sa.Text),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", _instant()),
    sa.Column("paused_until", _instant()),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", _instant(), nullable=False),
    sa.Column("updated_at", _instant(), nullable=False),
    sa.Index("webhook_endpoint_of_source", "source_system", "id"),
)

webhook_delivery: Final = sa.Table(
    "webhook_delivery",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column(
        "endpoint_id", sa.Uuid, sa.ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column(
        "position",
        sa.BigInteger,
        sa.ForeignKey("complaint_change.position", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("complaint_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    # Attempts in all, and since it was planned or asked for again.
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("maybe_duplicate", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("status", sa.Integer),
    sa.Column("created_at", _instant(), nullable=False),
    sa.Column("next_attempt_at", _instant()),
    sa.Column("attempted_at", _instant()),
    sa.Column("delivered_at", _instant()),
    sa.Column("lease_token", sa.Uuid),
    sa.Column("lease_until", _instant()),
    sa.Index("webhook_delivery_once", "position", "endpoint_id", unique=True),
    sa.Index("webhook_delivery_of_endpoint", "endpoint_id", "position"),
    sa.Index(
        "webhook_delivery_waiting",
        "endpoint_id",
        "next_attempt_at",
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index(
        "webhook_delivery_sending",
        "endpoint_id",
        "lease_until",
        postgresql_where=sa.text("state = 'sending'"),
    ),
    sa.Index(
        "webhook_delivery_in_order",
        "endpoint_id",
        "complaint_id",
        "position",
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    ),
)
