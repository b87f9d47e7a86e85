"""Capa's tables; delivery's stand beside them."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from capa.db import handling_tables as handling
from events.postgres import tables as delivery

metadata = sa.MetaData()
delivery.attach(metadata)
handling.attach(metadata)

NONCONFORMITY_NUMBERS = sa.Sequence("nonconformity_number", start=1001, metadata=metadata)
ACTION_NUMBERS = sa.Sequence("action_number", start=1001, metadata=metadata)
SIGNAL_NUMBERS = sa.Sequence("signal_number", start=1001, metadata=metadata)

CASE_NUMBERS = sa.Sequence("case_number", start=1001, metadata=metadata)

_SEVERITIES = "('minor', 'major', 'critical')"


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _json(name: str, *, default: str | None = None) -> sa.Column[object]:
    # Without a value the column is NULL rather than JSON's null; a default is for writers of an older release.
    return sa.Column(
        name,
        pg.JSONB(none_as_null=True),
        nullable=default is None,
        server_default=None if default is None else sa.text(default),
    )


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
    # The site that it concerns.
    _text("site", nullable=True),
    # Whether all that happened to it since its receipt is on record, which is not so of what an older release took up.
    sa.Column("followed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint(f"severity IN {_SEVERITIES}", name="complaint_severity"),
    sa.CheckConstraint("ended IN ('rejected', 'withdrawn', 'linked')", name="complaint_ended"),
    sa.Index("complaint_by_place", "product", "category", "received_at"),
    sa.Index("complaint_by_time", "received_at"),
)

COUNTS: Final = sa.func.coalesce(complaint.c.ended, "").not_in(["rejected", "linked"])
"""Whether a complaint counts as one: not what was found to be none, and a duplicate only as that of which it is one."""

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
    sa.Column("origin_complaint_id", sa.Uuid, sa.ForeignKey("complaint.id")),
    _instant("anchor_at"),
    sa.Column("complaints", sa.Integer, nullable=False),
    _instant("raised_at"),
    sa.Column("correlation_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    _text("origin_reference", nullable=True),
    sa.Column("description", sa.Text, nullable=False, server_default=sa.text("''")),
    _json("affected", default="'[]'"),
    _json("disposition"),
    _json("case_decision"),
    _instant("closed_at", nullable=True),
    sa.UniqueConstraint("number", name="nonconformity_number_once"),
    # Whoever raises or links holds the pair's advisory lock, which keeps one open nonconformity per link window; this
    # keeps the same complaint from ever raising two.
    sa.UniqueConstraint("origin_complaint_id", name="nonconformity_raised_once"),
    sa.CheckConstraint("state IN ('open', 'closed')", name="nonconformity_state"),
    sa.CheckConstraint(
        "(origin = 'complaint') = (origin_complaint_id IS NOT NULL)", name="nonconformity_origin"
    ),
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
    _json("causes", default="'[]'"),
    _text("completed_by", nullable=True),
    _json("verification"),
    _json("cost"),
    _json("extension"),
    sa.UniqueConstraint("number", name="action_number_once"),
    sa.CheckConstraint(
        "state IN ('planned', 'open', 'completed', 'verified', 'cancelled')", name="action_state"
    ),
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
    sa.Column("until", sa.DateTime(timezone=True)),
    sa.CheckConstraint(
        "kind IN ('breached', 'sent', 'unroutable', 'acknowledged', 'snoozed')",
        name="action_notice_kind",
    ),
    sa.Index("action_notice_by_action", "action_id", "at"),
)

# A case stands whole in `body`; what is searched or sorted by stands beside it.
corrective_case = sa.Table(
    "corrective_case",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _text("number"),
    _text("title"),
    _text("state"),
    _text("severity"),
    _text("product"),
    _text("category"),
    _text("owner", nullable=True),
    _text("approver", nullable=True),
    _text("risk", nullable=True),
    sa.Column("recurrence_of", sa.Uuid, sa.ForeignKey("corrective_case.id")),
    _instant("requested_at"),
    _instant("next_due_at", nullable=True),
    _instant("monitoring_until", nullable=True),
    _instant("closed_at", nullable=True),
    sa.Column("correlation_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("body", pg.JSONB, nullable=False),
    sa.UniqueConstraint("number", name="corrective_case_number_once"),
    sa.CheckConstraint(f"severity IN {_SEVERITIES}", name="corrective_case_severity"),
    sa.CheckConstraint("owner <> approver", name="corrective_case_two_people"),
    sa.Index("corrective_case_by_time", "requested_at", "id"),
    sa.Index("corrective_case_by_product", "product", "category"),
    sa.Index(
        "corrective_case_monitored", "monitoring_until", postgresql_where=sa.text("state = 'monitoring'")
    ),
    sa.Index("corrective_case_closed", "closed_at", postgresql_where=sa.text("state = 'closed_effective'")),
)

case_nonconformity = sa.Table(
    "case_nonconformity",
    metadata,
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("corrective_case.id"), primary_key=True),
    sa.Column("nonconformity_id", sa.Uuid, sa.ForeignKey("nonconformity.id"), primary_key=True),
    sa.Index("case_nonconformity_by_nonconformity", "nonconformity_id"),
)

# What was signed, as it was then; the signature itself stands in the case and in its history.
signed_document = sa.Table(
    "signed_document",
    metadata,
    sa.Column("signature_id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("corrective_case.id"), nullable=False),
    sa.Column("document", pg.JSONB, nullable=False),
    sa.Index("signed_document_by_case", "case_id"),
)

# One chain of entries for each nonconformity, each action and each case.
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


def _site(*, primary_key: bool) -> sa.Column[str]:
    # `*` for all of them together, also where a process writes that knows of no sites; `-` for none named.
    return sa.Column("site", sa.Text, nullable=False, server_default=sa.text("'*'"), primary_key=primary_key)


def _series() -> list[sa.Column[str]]:
    """Make the columns that name a chart: its watch, product, category and site."""
    named = [sa.Column(name, sa.Text, primary_key=True) for name in ("watch", "product", "category")]
    return [*named, _site(primary_key=True)]


def _figures(*key: str) -> list[sa.Column[Any]]:
    """Make the columns of reported units; they are told apart by `key`, the kind of unit and the first day."""
    return [
        *(sa.Column(name, sa.Text, primary_key=True) for name in (*key, "unit")),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("next_day", sa.Date, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        _text("actor"),
        _instant("reported_at"),
    ]


# Units that complaints are counted against, over the days from the first to the one before the next.
exposure = sa.Table(
    "exposure",
    metadata,
    *_figures("product"),
    sa.CheckConstraint("first_day < next_day", name="exposure_days"),
    sa.CheckConstraint("units >= 0", name="exposure_units"),
    sa.CheckConstraint("unit IN ('shipped', 'sold', 'in_use')", name="exposure_unit"),
)

# The same of one site alone, in a table of its own: what counts a product's units must not count these as well.
site_exposure = sa.Table(
    "site_exposure",
    metadata,
    *_figures("product", "site"),
    sa.CheckConstraint("first_day < next_day", name="site_exposure_days"),
    sa.CheckConstraint("units >= 0", name="site_exposure_units"),
    sa.CheckConstraint("unit IN ('shipped', 'sold', 'in_use')", name="site_exposure_unit"),
)

# The levels that a process had, each from its begin; the first begins with the first complaint and stands nowhere.
chart_phase = sa.Table(
    "chart_phase",
    metadata,
    *_series(),
    sa.Column("phase", sa.Integer, primary_key=True, autoincrement=False),
    _instant("begins_at"),
    _text("actor"),
    _text("reason"),
)

# Limits are frozen once, for one definition of the watch and one phase.
chart_limits = sa.Table(
    "chart_limits",
    metadata,
    *_series(),
    sa.Column("definition", sa.Text, primary_key=True),
    sa.Column("phase", sa.Integer, primary_key=True, autoincrement=False),
    _instant("baseline_from"),
    _instant("baseline_to"),
    _instant("frozen_at"),
    _text("policy_version"),
    sa.Column("exposed", sa.Boolean, nullable=False),
    _text("kind"),
    sa.Column("limits", pg.JSONB, nullable=False),
)

_LATCHED = "state IN ('raised', 'confirmed')"

signal = sa.Table(
    "signal",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _text("number"),
    _text("state"),
    _text("watch"),
    _text("product"),
    _text("category"),
    _text("rule"),
    _instant("first_at"),
    _instant("last_at"),
    sa.Column("complaints", sa.Integer, nullable=False),
    _text("severity"),
    _text("explanation"),
    sa.Column("phase", sa.Integer),
    sa.Column("evidence", pg.JSONB, nullable=False),
    _text("policy_version"),
    _instant("raised_at"),
    _instant("decided_at", nullable=True),
    _instant("cleared_at", nullable=True),
    _text("reason"),
    _text("clear_reason"),
    sa.Column("nonconformity_id", sa.Uuid, sa.ForeignKey("nonconformity.id")),
    sa.Column("version", sa.Integer, nullable=False),
    _site(primary_key=False),
    # Of a recurrence: the closed case, what is proposed, and the case that it led to.
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("corrective_case.id")),
    _text("proposal", nullable=True),
    sa.Column("led_to", sa.Uuid, sa.ForeignKey("corrective_case.id")),
    sa.CheckConstraint("proposal IN ('reopen', 'successor')", name="signal_proposal"),
    sa.CheckConstraint("(case_id IS NULL) = (proposal IS NULL)", name="signal_about_case"),
    sa.UniqueConstraint("number", name="signal_number_once"),
    sa.CheckConstraint("state IN ('raised', 'confirmed', 'dismissed', 'cleared')", name="signal_state"),
    sa.CheckConstraint(f"severity IN {_SEVERITIES}", name="signal_severity"),
    # Whoever evaluates takes turns; this keeps one signal latched for each rule and place, whatever happens.
    sa.Index(
        "signal_latched_once",
        "watch",
        "product",
        "category",
        "site",
        "rule",
        unique=True,
        postgresql_where=sa.text(_LATCHED),
    ),
    sa.Index("signal_by_time", "raised_at", "id"),
)

# When signals were evaluated last, so that several workers take turns.
evaluation = sa.Table(
    "evaluation",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _instant("at"),
)
