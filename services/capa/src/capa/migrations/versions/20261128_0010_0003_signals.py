"""Trend signals, the limits of their charts, and exposure."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = """
CREATE SEQUENCE signal_number START WITH 1001;
CREATE TABLE exposure (
    product TEXT NOT NULL,
    unit TEXT NOT NULL,
    first_day DATE NOT NULL,
    next_day DATE NOT NULL,
    units BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (product, unit, first_day),
    CONSTRAINT exposure_days CHECK (first_day < next_day),
    CONSTRAINT exposure_units CHECK (units >= 0),
    CONSTRAINT exposure_unit CHECK (unit IN ('shipped', 'sold', 'in_use'))
);
CREATE TABLE chart_phase (
    watch TEXT NOT NULL,
    product TEXT NOT NULL,
    category TEXT NOT NULL,
    phase INTEGER NOT NULL,
    begins_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (watch, product, category, phase)
);
CREATE TABLE chart_limits (
    watch TEXT NOT NULL,
    product TEXT NOT NULL,
    category TEXT NOT NULL,
    definition TEXT NOT NULL,
    phase INTEGER NOT NULL,
    baseline_from TIMESTAMP WITH TIME ZONE NOT NULL,
    baseline_to TIMESTAMP WITH TIME ZONE NOT NULL,
    frozen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    policy_version TEXT NOT NULL,
    exposed BOOLEAN NOT NULL,
    kind TEXT NOT NULL,
    limits JSONB NOT NULL,
    PRIMARY KEY (watch, product, category, definition, phase)
);
CREATE TABLE signal (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    watch TEXT NOT NULL,
    product TEXT NOT NULL,
    category TEXT NOT NULL,
    rule TEXT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    complaints INTEGER NOT NULL,
    severity TEXT NOT NULL,
    explanation TEXT NOT NULL,
    phase INTEGER,
    evidence JSONB NOT NULL,
    policy_version TEXT NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    cleared_at TIMESTAMP WITH TIME ZONE,
    reason TEXT NOT NULL,
    clear_reason TEXT NOT NULL,
    nonconformity_id UUID,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT signal_number_once UNIQUE (number),
    CONSTRAINT signal_state CHECK (state IN ('raised', 'confirmed', 'dismissed', 'cleared')),
    CONSTRAINT signal_severity CHECK (severity IN ('minor', 'major', 'critical')),
    FOREIGN KEY(nonconformity_id) REFERENCES nonconformity (id)
);
CREATE UNIQUE INDEX signal_latched_once ON signal (watch, product, category, rule)
    WHERE state IN ('raised', 'confirmed');
CREATE INDEX signal_by_time ON signal (raised_at, id);
CREATE TABLE evaluation (
    name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (name)
);
CREATE INDEX complaint_by_place ON complaint (product, category, received_at);
CREATE INDEX complaint_by_time ON complaint (received_at);
"""


def upgrade() -> None:
    # A migration that cannot get its lock soon gives up, rather than hold up every statement behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP INDEX complaint_by_time")
    op.execute("DROP INDEX complaint_by_place")
    for table in ("evaluation", "signal", "chart_limits", "chart_phase", "exposure"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE signal_number")
