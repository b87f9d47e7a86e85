"""Triage, nonconformities and actions."""

from alembic import op

from events.postgres import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE SEQUENCE nonconformity_number START WITH 1001;
CREATE SEQUENCE action_number START WITH 1001;
CREATE TABLE complaint (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    version INTEGER NOT NULL,
    severity TEXT NOT NULL,
    product TEXT NOT NULL,
    category TEXT NOT NULL,
    channel TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    historical BOOLEAN NOT NULL,
    correlation_id UUID NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT complaint_severity CHECK (severity IN ('minor', 'major', 'critical'))
);
CREATE TABLE nonconformity (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    product TEXT NOT NULL,
    category TEXT NOT NULL,
    severity TEXT NOT NULL,
    origin TEXT NOT NULL,
    origin_complaint_id UUID NOT NULL,
    anchor_at TIMESTAMP WITH TIME ZONE NOT NULL,
    complaints INTEGER NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    correlation_id UUID NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT nonconformity_number_once UNIQUE (number),
    CONSTRAINT nonconformity_raised_once UNIQUE (origin_complaint_id),
    CONSTRAINT nonconformity_state CHECK (state IN ('open', 'closed')),
    CONSTRAINT nonconformity_severity CHECK (severity IN ('minor', 'major', 'critical')),
    FOREIGN KEY(origin_complaint_id) REFERENCES complaint (id)
);
CREATE INDEX nonconformity_by_time ON nonconformity (raised_at, id);
CREATE INDEX nonconformity_open_near ON nonconformity (product, category, anchor_at) WHERE state = 'open';
CREATE TABLE triage_decision (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL,
    ordinal INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    outcome TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    explanation TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    nonconformity_id UUID,
    PRIMARY KEY (id),
    CONSTRAINT triage_decision_once UNIQUE (complaint_id, ordinal),
    CONSTRAINT triage_decision_outcome CHECK (outcome IN ('raised', 'linked', 'declined')),
    CONSTRAINT triage_decision_leads_somewhere CHECK ((outcome = 'declined') = (nonconformity_id IS NULL)),
    FOREIGN KEY(complaint_id) REFERENCES complaint (id),
    FOREIGN KEY(nonconformity_id) REFERENCES nonconformity (id)
);
CREATE INDEX triage_decision_by_time ON triage_decision (decided_at, id);
CREATE TABLE nonconformity_complaint (
    nonconformity_id UUID NOT NULL,
    complaint_id UUID NOT NULL,
    linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (nonconformity_id, complaint_id),
    FOREIGN KEY(nonconformity_id) REFERENCES nonconformity (id),
    FOREIGN KEY(complaint_id) REFERENCES complaint (id)
);
CREATE INDEX nonconformity_complaint_by_complaint ON nonconformity_complaint (complaint_id);
CREATE TABLE action (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent_kind TEXT NOT NULL,
    parent_id UUID NOT NULL,
    product TEXT NOT NULL,
    title TEXT NOT NULL,
    owner TEXT,
    team TEXT,
    severity TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    calendar TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    explanation JSONB NOT NULL,
    original_due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_changes INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    evidence TEXT,
    punctuality TEXT,
    correlation_id UUID NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT action_number_once UNIQUE (number),
    CONSTRAINT action_state CHECK (state IN ('open', 'completed', 'cancelled')),
    CONSTRAINT action_severity CHECK (severity IN ('minor', 'major', 'critical'))
);
CREATE INDEX action_by_parent ON action (parent_id);
CREATE INDEX action_by_due ON action (due_at, id);
CREATE INDEX action_open_by_owner ON action (owner, due_at) WHERE state = 'open';
CREATE TABLE action_notice (
    event_id UUID NOT NULL,
    action_id UUID NOT NULL,
    kind TEXT NOT NULL,
    generation INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    step TEXT,
    recipient TEXT,
    channel TEXT,
    reason TEXT,
    PRIMARY KEY (event_id),
    CONSTRAINT action_notice_kind CHECK (kind IN ('breached', 'sent', 'unroutable')),
    FOREIGN KEY(action_id) REFERENCES action (id)
);
CREATE INDEX action_notice_by_action ON action_notice (action_id, at);
CREATE TABLE history (
    thing_id UUID NOT NULL,
    position INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    changes JSONB NOT NULL,
    reason TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (thing_id, position)
);
"""


def upgrade() -> None:
    # A migration that cannot get its lock soon gives up, rather than hold up every statement behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    schema.create_1()
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (
        "history",
        "action_notice",
        "action",
        "nonconformity_complaint",
        "triage_decision",
        "nonconformity",
        "complaint",
    ):
        op.drop_table(table)
    op.execute("DROP SEQUENCE action_number")
    op.execute("DROP SEQUENCE nonconformity_number")
    schema.drop_1()
