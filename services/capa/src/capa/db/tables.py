"""Capa's tables; delivery's stand beside them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from events.postgres import tables as delivery

metadata = sa.MetaData()
delivery.attach(metadata)

NONCONFORMITY_NUMBERS = sa.Sequence("nonconformity_number", start=1001, metadata=metadata)
ACTION_NUMBERS = sa.Sequence("action_number", start=1001, metadata=metadata)

_SEVERITIES = "('minor', 'major', 'critical')"


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


# What intake announced about complaints; triage decides about it, and a nonconformity shows it.
complaint = sa.Table(
    "complaint",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _text("number"),
    sa.Column("version", sa.Integer, nullable=False),
    _text("severity"),
    _text("product"),
    _text("category"),
    _text("channel"),
    _instant("received_at"),
    sa.Column("historical", sa.Boolean, nullable=False),
    sa.Column("correlation_id", sa.Uuid, nullable=False),
    # Once it was assessed, severity and category are those of the assessment.
    _instant("assessed_at", nullable=True),
    _text("ended", nullable=True),
    sa.CheckConstraint(f"severity IN {_SEVERITIES}", name="complaint_severity"),
    sa.CheckConstraint("ended IN ('rejected', 'withdrawn', 'linked')", name="complaint_ended"),
)

nonconformity = sa.Table(
    "nonconformity",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _text("number"),
    _text("state"),
    _text("product"),
    _text("category"),
    _text("severity"),
    _text("origin"),
    sa.Column("origin_complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), nullable=False),
    _instant("anchor_at"),
    sa.Column("complaints", sa.Integer, nullable=False),
    _instant("raised_at"),
    sa.Column("correlation_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("number", name="nonconformity_number_once"),
    # Whoever raises or links holds the pair's advisory lock, which keeps one open nonconformity per link window; this
    # keeps the same complaint from ever raising two.
    sa.UniqueConstraint("origin_complaint_id", name="nonconformity_raised_once"),
    sa.CheckConstraint("state IN ('open', 'closed')", name="nonconformity_state"),
    sa.CheckConstraint(f"severity IN {_SEVERITIES}", name="nonconformity_severity"),
    sa.Index(
        "nonconformity_open_near",
        "product",
        "category",
        "anchor_at",
        postgresql_where=sa.text("state = 'open'"),
    ),
    sa.Index("nonconformity_by_time", "raised_at", "id"),
)

# One row for each decision. `ordinal` counts those about one complaint, so that the first is taken once whatever is
# delivered twice, while a later triage adds to it.
triage_decision = sa.Table(
    "triage_decision",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    _text("trigger"),
    _text("outcome"),
    _text("rule"),
    _text("reason"),
    _text("explanation"),
    _text("policy_version"),
    _instant("decided_at"),
    sa.Column("nonconformity_id", sa.Uuid, sa.ForeignKey("nonconformity.id")),
    sa.UniqueConstraint("complaint_id", "ordinal", name="triage_decision_once"),
    sa.CheckConstraint("outcome IN ('raised', 'linked', 'declined')", name="triage_decision_outcome"),
    sa.CheckConstraint(
        "(outcome = 'declined') = (nonconformity_id IS NULL)", name="triage_decision_leads_somewhere"
    ),
    sa.Index("triage_decision_by_time", "decided_at", "id"),
)

nonconformity_complaint = sa.Table(
    "nonconformity_complaint",
    metadata,
    sa.Column("nonconformity_id", sa.Uuid, sa.ForeignKey("nonconformity.id"), primary_key=True),
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), primary_key=True),
    _instant("linked_at"),
    sa.Index("nonconformity_complaint_by_complaint", "complaint_id"),
)

action = sa.Table(
    "action",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _text("number"),
    _text("kind"),
    _text("parent_kind"),
    sa.Column("parent_id", sa.Uuid, nullable=False),
    _text("product"),
    _text("title"),
    _text("owner", nullable=True),
    _text("team", nullable=True),
    _text("severity"),
    _text("state"),
    _instant("due_at"),
    _text("calendar"),
    _text("policy_version"),
    sa.Column("explanation", pg.JSONB, nullable=False),
    _instant("original_due_at"),
    sa.Column("due_changes", sa.Integer, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    _instant("given_at"),
    _instant("completed_at", nullable=True),
    _instant("cancelled_at", nullable=True),
    _text("evidence", nullable=True),
    _text("punctuality", nullable=True),
    sa.Column("correlation_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("number", name="action_number_once"),
    sa.CheckConstraint("state IN ('open', 'completed', 'cancelled')", name="action_state"),
    sa.CheckConstraint(f"severity IN {_SEVERITIES}", name="action_severity"),
    sa.Index("action_by_due", "due_at", "id"),
    sa.Index("action_open_by_owner", "owner", "due_at", postgresql_where=sa.text("state = 'open'")),
    sa.Index("action_by_parent", "parent_id"),
)

# What notifier did about an action's deadlines.
action_notice = sa.Table(
    "action_notice",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("action_id", sa.Uuid, sa.ForeignKey("action.id"), nullable=False),
    _text("kind"),
    sa.Column("generation", sa.Integer, nullable=False),
    _instant("at"),
    _text("step", nullable=True),
    _text("recipient", nullable=True),
    _text("channel", nullable=True),
    _text("reason", nullable=True),
    sa.CheckConstraint("kind IN ('breached', 'sent', 'unroutable')", name="action_notice_kind"),
    sa.Index("action_notice_by_action", "action_id", "at"),
)

# One chain of entries for each nonconformity and each action.
history = sa.Table(
    "history",
    metadata,
    sa.Column("thing_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _instant("at"),
    _text("actor"),
    _text("action"),
    sa.Column("changes", pg.JSONB, nullable=False),
    _text("reason"),
    _text("previous"),
    _text("hash"),
)
