"""The tables, as the migrations make them; for comparison, and for the queries that are built from parts."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis.idempotency import idempotency_table
from events.postgres.tables import attach

metadata: Final = sa.MetaData()
FIRST_NUMBER: Final = 10_001


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


complaint: Final = sa.Table(
    "complaint",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(start=FIRST_NUMBER), nullable=False, unique=True),
    sa.Column("source_system", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text),
    sa.Column("source_updated_at", _instant()),
    sa.Column("source_digest", sa.LargeBinary, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("reported_severity", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("lot", sa.Text),
    sa.Column("serial", sa.Text),
    sa.Column("title", sa.Text),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("remedy_sought", sa.Text),
    sa.Column("attachments", pg.JSONB, nullable=False),
    sa.Column("occurred_at", _instant()),
    sa.Column("aware_at", _instant(), nullable=False),
    sa.Column("received_at", _instant(), nullable=False),
    sa.Column("recorded_at", _instant(), nullable=False),
    sa.Column("updated_at", _instant(), nullable=False),
    sa.Column("historical", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("correlation_id", sa.Uuid, nullable=False),
    # True where triage has not decided; it may still be true where it has.
    sa.Column("awaits_triage", sa.Boolean, nullable=False, server_default=sa.true()),
    # When its personal data was erased.
    sa.Column("erased_at", _instant()),
    # What its source says of its own work on it.
    sa.Column("crm_status_code", sa.Text),
    sa.Column("crm_status_reference", sa.Text),
    sa.Column("crm_status_note", sa.Text),
    sa.Column("crm_status_at", _instant()),
    # Which of the organisation's sites it concerns; last, as it came last.
    sa.Column("site", sa.Text),
    # Complaints without an external id have no identity; a unique constraint lets any number of them stand.
    sa.UniqueConstraint("source_system", "external_id", name="complaint_identity"),
    sa.Index("complaint_by_receipt", "received_at", "id"),
    sa.Index("complaint_by_record", "recorded_at", "id"),
    sa.Index("complaint_by_update", "updated_at"),
    sa.Index("complaint_by_product", "product", "category", "received_at"),
    sa.Index("complaint_by_lot", "lot", "received_at", postgresql_where=sa.text("lot IS NOT NULL")),
    sa.Index("complaint_by_site", "site", "received_at", postgresql_where=sa.text("site IS NOT NULL")),
    sa.Index("complaint_by_serial", "serial", "received_at", postgresql_where=sa.text("serial IS NOT NULL")),
    sa.Index("complaint_by_occurrence", "occurred_at", postgresql_where=sa.text("occurred_at IS NOT NULL")),
    sa.Index("complaint_awaiting_triage", "received_at", "id", postgresql_where=sa.text("awaits_triage")),
)

# The words of a complaint, what a search sorts by, and what it is most often narrowed down by. Triggers keep it true to `complaint`: what is new
# goes into the queue, and what is amended is written here at once.
complaint_search: Final = sa.Table(
    "complaint_search",
    metadata,
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("source_system", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("reported_severity", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("received_at", _instant(), nullable=False),
    sa.Column("recorded_at", _instant(), nullable=False),
    sa.Column("words", pg.TSVECTOR, nullable=False),
    sa.Index(
        "complaint_search_by_words",
        "words",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 1024},
    ),
)

# What is not in `complaint_search` yet. Whatever is committed is in one of the two.
complaint_unindexed: Final = sa.Table(
    "complaint_unindexed",
    metadata,
    sa.Column("complaint_id", sa.Uuid, nullable=False),
    sa.Column("waits_since", _instant(), nullable=False),
)

complainant: Final = sa.Table(
    "complainant",
    metadata,
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), primary_key=True),
    sa.Column("reference", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("country", sa.Text),
    sa.Index("complainant_by_reference", "reference", postgresql_where=sa.text("reference IS NOT NULL")),
)

complaint_history: Final = sa.Table(
    "complaint_history",
    metadata,
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("at", _instant(), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("changes", pg.JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # Former and new texts and personal data, outside the hash so that they can be erased.
    sa.Column("withheld", pg.JSONB),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    # Who complained once, and was corrected away: an erasure finds that person too.
    sa.Index(
        "complaint_history_former",
        sa.text("(withheld #>> '{complainant,0,reference}')"),
        postgresql_where=sa.text("(withheld #>> '{complainant,0,reference}') IS NOT NULL"),
    ),
)

# What capa and notifier told that belongs into a timeline. The name says what it is, so that nothing stands there twice,
# however often and by whichever event it is told.
timeline_note: Final = sa.Table(
    "timeline_note",
    metadata,
    sa.Column("subject_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("at", _instant(), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("changes", pg.JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

# One row for each answer that showed personal data, with the complaints whose data it showed.
personal_read: Final = sa.Table(
    "personal_read",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at", _instant(), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("complaints", pg.ARRAY(sa.Uuid), nullable=False),
    sa.Index("personal_read_of_complaint", "complaints", postgresql_using="gin"),
    sa.Index("personal_read_by_age", "at"),
)

# Keeps a complaint's personal data from being erased.
complaint_hold: Final = sa.Table(
    "complaint_hold",
    metadata,
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("until", _instant()),
    sa.Column("placed_by", sa.Text, nullable=False),
    sa.Column("placed_at", _instant(), nullable=False),
)

# What has been done about a complaint; there is no row until something has. `record` is the whole of it, the columns
# beside it are what is asked for.
complaint_handling: Final = sa.Table(
    "complaint_handling",
    metadata,
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), primary_key=True),
    sa.Column("owner", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("severity", sa.Text),
    sa.Column("master_id", sa.Uuid, sa.ForeignKey("complaint.id")),
    sa.Column("record", pg.JSONB, nullable=False),
    sa.Index("complaint_handling_by_owner", "owner", postgresql_where=sa.text("owner IS NOT NULL")),
    sa.Index("complaint_handling_by_master", "master_id", postgresql_where=sa.text("master_id IS NOT NULL")),
    sa.CheckConstraint("master_id <> complaint_id", name="complaint_handling_of_another"),
)

# A clock by its name and how many of that name there were before; the rule is kept as it was when the clock started.
complaint_clock: Final = sa.Table(
    "complaint_clock",
    metadata,
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), primary_key=True),
    sa.Column("clock", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("rule", pg.JSONB, nullable=False),
    sa.Column("policy_version", sa.Text, nullable=False),
    sa.Column("calendar", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("ladder", sa.Text),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("begun_by", sa.Text, nullable=False),
    sa.Column("started_at", _instant(), nullable=False),
    sa.Column("due_at", _instant(), nullable=False),
    sa.Column("original_due_at", _instant(), nullable=False),
    sa.Column("explanation", pg.JSONB, nullable=False),
    sa.Column("holds", pg.JSONB, nullable=False),
    sa.Column("paused_at", _instant()),
    sa.Column("ended_at", _instant()),
    sa.Column("ended_by", sa.Text),
    sa.Column("by_seconds", sa.Double),
    sa.Column("warned_at", _instant()),
    sa.Column("breached_at", _instant()),
    sa.Column("set_at", _instant(), nullable=False),
    sa.Index(
        "complaint_clock_due",
        "due_at",
        "kind",
        "complaint_id",
        postgresql_where=sa.text("state = 'running'"),
    ),
    sa.Index(
        "complaint_clock_open",
        "complaint_id",
        postgresql_where=sa.text("state IN ('running', 'paused')"),
    ),
)

# What capa announces comes under several keys and therefore in any order, so that none of these refers to another.
triage: Final = sa.Table(
    "triage",
    metadata,
    sa.Column("complaint_id", sa.Uuid, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("explanation", sa.Text, nullable=False),
    sa.Column("policy_version", sa.Text, nullable=False),
    sa.Column("decided_at", _instant(), nullable=False),
    sa.Column("nonconformity_id", sa.Uuid),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index(
        "triage_with_nonconformity",
        "complaint_id",
        postgresql_where=sa.text("nonconformity_id IS NOT NULL"),
    ),
)

nonconformity: Final = sa.Table(
    "nonconformity",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", _instant(), nullable=False),
    sa.Index("nonconformity_by_update", "updated_at"),
)

complaint_link: Final = sa.Table(
    "complaint_link",
    metadata,
    sa.Column("complaint_id", sa.Uuid, primary_key=True),
    sa.Column("nonconformity_id", sa.Uuid, primary_key=True),
    sa.Index("complaint_link_by_nonconformity", "nonconformity_id"),
)

action: Final = sa.Table(
    "action",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("nonconformity_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("due_at", _instant()),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("action_by_nonconformity", "nonconformity_id"),
)

idempotency_key: Final = idempotency_table(metadata)
attach(metadata)

import_job: Final = sa.Table(
    "import_job",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("source_system", sa.Text),
    sa.Column("own_source", sa.Text),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("dry_run", sa.Boolean, nullable=False),
    sa.Column("historical", sa.Boolean, nullable=False),
    sa.Column("on_error", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("unchanged", sa.BigInteger, nullable=False),
    sa.Column("amended", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("created_at", _instant(), nullable=False),
    sa.Column("updated_at", _instant(), nullable=False),
    sa.Column("finished_at", _instant()),
    # Whoever holds the token processes the import, until the lease ends without a sign of life.
    sa.Column("lease_token", sa.Uuid),
    sa.Column("lease_until", _instant()),
    sa.Index(
        "import_job_waiting",
        "created_at",
        postgresql_where=sa.text("state IN ('receiving', 'queued', 'running')"),
    ),
)

import_row: Final = sa.Table(
    "import_row",
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("import_job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("row_number", sa.BigInteger, primary_key=True, autoincrement=False),
    # JSON, as text because it may hold U+0000; forgotten as soon as the row is done, since it is personal data.
    sa.Column("raw", sa.Text),
    sa.Column("external_id", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("complaint_number", sa.Text),
    sa.Column("errors", pg.JSONB, nullable=False),
    sa.Column("digest", sa.LargeBinary),
    sa.Index("import_row_waiting", "import_id", "row_number", postgresql_where=sa.text("outcome IS NULL")),
    sa.Index("import_row_told", "import_id", "external_id", postgresql_where=sa.text("digest IS NOT NULL")),
)

# The content of an attachment lies in the store under its id; a reservation has nothing yet but its id.
attached_file: Final = sa.Table(
    "attached_file",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("complaint_id", sa.Uuid, sa.ForeignKey("complaint.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("media_type", sa.Text),
    sa.Column("size", sa.BigInteger),
    sa.Column("sha256", sa.LargeBinary),
    sa.Column("uploaded_by", sa.Text),
    sa.Column("begun_at", _instant(), nullable=False),
    sa.Column("uploaded_at", _instant()),
    sa.Column("deleted_by", sa.Text),
    sa.Column("deleted_at", _instant()),
    sa.Column("deletion_reason", sa.Text),
    sa.Column("removed_at", _instant()),
    sa.Index("attached_file_of_complaint", "complaint_id", "uploaded_at", "id"),
    sa.Index(
        "attached_file_once",
        "complaint_id",
        "sha256",
        unique=True,
        postgresql_where=sa.text("state = 'stored'"),
    ),
    sa.Index(
        "attached_file_reserved",
        "begun_at",
        postgresql_where=sa.text("state IN ('reserved', 'given_up')"),
    ),
    sa.Index(
        "attached_file_doomed",
        "deleted_at",
        postgresql_where=sa.text("state = 'deleted' AND removed_at IS NULL"),
    ),
)
