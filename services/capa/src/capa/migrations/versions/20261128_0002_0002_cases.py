"""Dispositions, cases and signatures."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UP = """
CREATE SEQUENCE case_number START WITH 1001;
ALTER TABLE nonconformity ALTER COLUMN origin_complaint_id DROP NOT NULL;
ALTER TABLE nonconformity ADD COLUMN origin_reference TEXT;
ALTER TABLE nonconformity ADD COLUMN description TEXT DEFAULT '' NOT NULL;
ALTER TABLE nonconformity ADD COLUMN affected JSONB DEFAULT '[]' NOT NULL;
ALTER TABLE nonconformity ADD COLUMN disposition JSONB;
ALTER TABLE nonconformity ADD COLUMN case_decision JSONB;
ALTER TABLE nonconformity ADD COLUMN closed_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE nonconformity ADD CONSTRAINT nonconformity_origin
    CHECK ((origin = 'complaint') = (origin_complaint_id IS NOT NULL));
ALTER TABLE action ADD COLUMN causes JSONB DEFAULT '[]' NOT NULL;
ALTER TABLE action ADD COLUMN completed_by TEXT;
ALTER TABLE action ADD COLUMN verification JSONB;
ALTER TABLE action ADD COLUMN cost JSONB;
ALTER TABLE action ADD COLUMN extension JSONB;
ALTER TABLE action DROP CONSTRAINT action_state;
ALTER TABLE action ADD CONSTRAINT action_state
    CHECK (state IN ('planned', 'open', 'completed', 'verified', 'cancelled'));
CREATE TABLE corrective_case (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    severity TEXT NOT NULL,
    product TEXT NOT NULL,
    category TEXT NOT NULL,
    owner TEXT,
    approver TEXT,
    risk TEXT,
    recurrence_of UUID,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_due_at TIMESTAMP WITH TIME ZONE,
    monitoring_until TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    correlation_id UUID NOT NULL,
    version INTEGER NOT NULL,
    body JSONB NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT corrective_case_number_once UNIQUE (number),
    CONSTRAINT corrective_case_severity CHECK (severity IN ('minor', 'major', 'critical')),
    CONSTRAINT corrective_case_two_people CHECK (owner <> approver),
    FOREIGN KEY(recurrence_of) REFERENCES corrective_case (id)
);
CREATE INDEX corrective_case_by_time ON corrective_case (requested_at, id);
CREATE INDEX corrective_case_by_product ON corrective_case (product, category);
CREATE INDEX corrective_case_monitored ON corrective_case (monitoring_until) WHERE state = 'monitoring';
CREATE TABLE case_nonconformity (
    case_id UUID NOT NULL,
    nonconformity_id UUID NOT NULL,
    PRIMARY KEY (case_id, nonconformity_id),
    FOREIGN KEY(case_id) REFERENCES corrective_case (id),
    FOREIGN KEY(nonconformity_id) REFERENCES nonconformity (id)
);
CREATE INDEX case_nonconformity_by_nonconformity ON case_nonconformity (nonconformity_id);
CREATE TABLE signed_document (
    signature_id UUID NOT NULL,
    case_id UUID NOT NULL,
    document JSONB NOT NULL,
    PRIMARY KEY (signature_id),
    FOREIGN KEY(case_id) REFERENCES corrective_case (id)
);
CREATE INDEX signed_document_by_case ON signed_document (case_id);
"""

_DOWN = """
DROP TABLE signed_document;
DROP TABLE case_nonconformity;
DROP TABLE corrective_case;
DROP SEQUENCE case_number;
ALTER TABLE action DROP CONSTRAINT action_state;
ALTER TABLE action ADD CONSTRAINT action_state CHECK (state IN ('open', 'completed', 'cancelled'));
ALTER TABLE action DROP COLUMN extension;
ALTER TABLE action DROP COLUMN cost;
ALTER TABLE action DROP COLUMN verification;
ALTER TABLE action DROP COLUMN completed_by;
ALTER TABLE action DROP COLUMN causes;
ALTER TABLE nonconformity DROP CONSTRAINT nonconformity_origin;
ALTER TABLE nonconformity DROP COLUMN closed_at;
ALTER TABLE nonconformity DROP COLUMN case_decision;
ALTER TABLE nonconformity DROP COLUMN disposition;
ALTER TABLE nonconformity DROP COLUMN affected;
ALTER TABLE nonconformity DROP COLUMN description;
ALTER TABLE nonconformity DROP COLUMN origin_reference;
ALTER TABLE nonconformity ALTER COLUMN origin_complaint_id SET NOT NULL;
"""


def upgrade() -> None:
    # A migration that cannot get its lock soon gives up, rather than hold up every statement behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    _run(_UP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _run(_DOWN)


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)
