"""Notifier's tables."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from events.postgres import tables as delivery_tables

METADATA: Final = sa.MetaData()
delivery_tables.attach(METADATA)

_INSTANT = sa.DateTime(timezone=True)

PERSON: Final = sa.Table(
    "person",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("webhook_url", sa.Text),
    sa.Column("webhook_secret", sa.Text),
    sa.Column("webhook_previous_secret", sa.Text),
    sa.Column("webhook_previous_until", _INSTANT),
    sa.Column("webhook_disabled_at", _INSTANT),
    sa.Column("webhook_disabled_reason", sa.Text),
    sa.Column("manager", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("updated_at", _INSTANT, nullable=False),
)

HISTORY: Final = sa.Table(
    "person_history",
    METADATA,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("changes", pg.JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

DEADLINE: Final = sa.Table(
    "deadline",
    METADATA,
    sa.Column("subject_id", sa.Uuid, primary_key=True),
    sa.Column("clock", sa.Text, primary_key=True),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("parent_kind", sa.Text),
    sa.Column("parent_id", sa.Uuid),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("due_at", _INSTANT, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("ladder", pg.JSONB, nullable=False),
    sa.Column("calendar", sa.Text, nullable=False),
    sa.Column("policy_version", sa.Text, nullable=False),
    sa.Column("explanation", pg.JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("closed_at", _INSTANT),
    sa.Column("closed_reason", sa.Text),
    sa.Column("set_at", _INSTANT, nullable=False),
    sa.Column("correlation_id", sa.Uuid, nullable=False),
    sa.Column("caused_by", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("traceparent", sa.Text),
    sa.Column("tracestate", sa.Text),
    sa.CheckConstraint("state IN ('open', 'paused', 'met', 'voided')", name="deadline_state"),
    sa.Index("deadline_by_due", "due_at", "subject_id", "clock"),
    sa.Index("deadline_by_owner", "owner", "due_at"),
    sa.Index("deadline_open", "due_at", postgresql_where=sa.text("state = 'open'")),
)

TIMER: Final = sa.Table(
    "timer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("clock", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("due_at", _INSTANT, nullable=False),
    sa.Column("planned_at", _INSTANT, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lease_until", _INSTANT),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.CheckConstraint("state IN ('pending', 'leased', 'stuck')", name="timer_state"),
    sa.UniqueConstraint("subject_id", "clock", "generation", "step", name="timer_once"),
    sa.Index("timer_due", "due_at", postgresql_where=sa.text("state = 'pending'")),
    sa.Index("timer_leased", "lease_until", postgresql_where=sa.text("state = 'leased'")),
)

TIMER_ENDED: Final = sa.Table(
    "timer_ended",
    METADATA,
    sa.Column("subject_id", sa.Uuid, primary_key=True),
    sa.Column("clock", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("due_at", _INSTANT, nullable=False),
    sa.Column("ended", sa.Text, nullable=False),
    sa.Column("ended_at", _INSTANT, nullable=False),
)

DELIVERY: Final = sa.Table(
    "delivery",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("critical", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("maybe_duplicate", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("next_attempt_at", _INSTANT),
    sa.Column("first_attempt_at", _INSTANT),
    sa.Column("sent_at", _INSTANT),
    sa.Column("lease_until", _INSTANT),
    sa.Column("lease_token", sa.Uuid),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.CheckConstraint(
        "state IN ('planned', 'sending', 'sent', 'failed', 'gave_up', 'cancelled')", name="delivery_state"
    ),
    # New notices gather in the one delivery of a person and channel that has not set out yet.
    sa.Index(
        "delivery_gathering",
        "recipient",
        "channel",
        unique=True,
        postgresql_where=sa.text("state = 'planned'"),
    ),
    sa.Index("delivery_due", "next_attempt_at", postgresql_where=sa.text("state IN ('planned', 'failed')")),
    sa.Index("delivery_sending", "lease_until", postgresql_where=sa.text("state = 'sending'")),
    sa.Index("delivery_pace", "recipient", "channel", "first_attempt_at"),
)

ATTEMPT: Final = sa.Table(
    "delivery_attempt",
    METADATA,
    sa.Column("delivery_id", sa.Uuid, sa.ForeignKey("delivery.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("started_at", _INSTANT, nullable=False),
    sa.Column("finished_at", _INSTANT),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text),
)

NOTICE: Final = sa.Table(
    "notice",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("clock", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("critical", sa.Boolean, nullable=False),
    sa.Column("why", sa.Text),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("delivery_id", sa.Uuid, sa.ForeignKey("delivery.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("finished_at", _INSTANT),
    sa.Column("traceparent", sa.Text),
    sa.Column("tracestate", sa.Text),
    sa.CheckConstraint("state IN ('planned', 'sent', 'suppressed', 'failed')", name="notice_state"),
    sa.UniqueConstraint(
        "subject_id", "clock", "generation", "step", "recipient", "channel", name="notice_once"
    ),
    sa.Index("notice_by_delivery", "delivery_id", "state"),
    sa.Index("notice_by_recipient", "recipient", "id"),
)

# What was answered to notices; rows are only ever added.
ANSWER: Final = sa.Table(
    "answer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("clock", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("until", _INSTANT, nullable=False),
    sa.Column("postponed_step", sa.Text),
    sa.Column("postponed_from", _INSTANT),
    sa.Column("postponed_to", _INSTANT),
    sa.Column("next_step", sa.Text),
    sa.Column("next_at", _INSTANT),
    sa.CheckConstraint("kind IN ('acknowledged', 'snoozed')", name="answer_kind"),
    sa.Index("answer_by_deadline", "subject_id", "clock", "generation", "at"),
    sa.Index("answer_until", "until"),
    sa.Index(
        "answer_acknowledged_once",
        "subject_id",
        "clock",
        "generation",
        "step",
        unique=True,
        postgresql_where=sa.text("kind = 'acknowledged'"),
    ),
)
