"""first tables"""

from collections.abc import Sequence

from alembic import op

from events.postgres import schema

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Timers come and go by the thousand: room for updates in place and an early vacuum keep the due index small.
_BUSY = "(fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200)"

_TABLES = f"""
CREATE TABLE person (
    id text PRIMARY KEY,
    name text NOT NULL,
    email text,
    webhook_url text,
    webhook_secret text,
    webhook_previous_secret text,
    webhook_previous_until timestamptz,
    webhook_disabled_at timestamptz,
    webhook_disabled_reason text,
    manager text,
    team text,
    timezone text NOT NULL,
    active boolean NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE person_history (
    person_id text NOT NULL,
    position integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    changes jsonb NOT NULL,
    reason text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (person_id, position)
);
CREATE TABLE deadline (
    subject_id uuid NOT NULL,
    clock text NOT NULL,
    subject_kind text NOT NULL,
    generation integer NOT NULL,
    parent_kind text,
    parent_id uuid,
    title text NOT NULL,
    due_at timestamptz NOT NULL,
    owner text,
    team text,
    severity text NOT NULL,
    link text NOT NULL,
    ladder jsonb NOT NULL,
    calendar text NOT NULL,
    policy_version text NOT NULL,
    explanation jsonb NOT NULL,
    state text NOT NULL CONSTRAINT deadline_state CHECK (state IN ('open', 'met', 'voided')),
    closed_at timestamptz,
    closed_reason text,
    set_at timestamptz NOT NULL,
    correlation_id uuid NOT NULL,
    caused_by uuid NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (subject_id, clock)
);
CREATE INDEX deadline_by_due ON deadline (due_at, subject_id, clock);
CREATE INDEX deadline_by_owner ON deadline (owner, due_at);
CREATE INDEX deadline_open ON deadline (due_at) WHERE state = 'open';
CREATE TABLE timer (
    id uuid PRIMARY KEY,
    subject_id uuid NOT NULL,
    clock text NOT NULL,
    generation integer NOT NULL,
    step text NOT NULL,
    due_at timestamptz NOT NULL,
    planned_at timestamptz NOT NULL,
    state text NOT NULL CONSTRAINT timer_state CHECK (state IN ('pending', 'leased', 'stuck')),
    lease_until timestamptz,
    attempts integer NOT NULL,
    CONSTRAINT timer_once UNIQUE (subject_id, clock, generation, step)
) WITH {_BUSY};
CREATE INDEX timer_due ON timer (due_at) WHERE state = 'pending';
CREATE INDEX timer_leased ON timer (lease_until) WHERE state = 'leased';
CREATE TABLE timer_ended (
    subject_id uuid NOT NULL,
    clock text NOT NULL,
    generation integer NOT NULL,
    step text NOT NULL,
    due_at timestamptz NOT NULL,
    ended text NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, clock, generation, step)
);
CREATE TABLE delivery (
    id uuid PRIMARY KEY,
    recipient text NOT NULL,
    channel text NOT NULL,
    state text NOT NULL CONSTRAINT delivery_state
        CHECK (state IN ('planned', 'sending', 'sent', 'failed', 'gave_up', 'cancelled')),
    critical boolean NOT NULL,
    attempts integer NOT NULL,
    tries integer NOT NULL,
    maybe_duplicate boolean NOT NULL,
    reason text,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    first_attempt_at timestamptz,
    sent_at timestamptz,
    lease_until timestamptz,
    lease_token uuid
);
CREATE UNIQUE INDEX delivery_gathering ON delivery (recipient, channel) WHERE state = 'planned';
CREATE INDEX delivery_due ON delivery (next_attempt_at) WHERE state IN ('planned', 'failed');
CREATE INDEX delivery_sending ON delivery (lease_until) WHERE state = 'sending';
CREATE INDEX delivery_pace ON delivery (recipient, channel, first_attempt_at);
CREATE TABLE delivery_attempt (
    delivery_id uuid NOT NULL REFERENCES delivery (id),
    number integer NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text,
    reason text,
    PRIMARY KEY (delivery_id, number)
);
CREATE TABLE notice (
    id uuid PRIMARY KEY,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    clock text NOT NULL,
    generation integer NOT NULL,
    step text NOT NULL,
    kind text NOT NULL,
    recipient text NOT NULL,
    channel text NOT NULL,
    critical boolean NOT NULL,
    why text,
    created_at timestamptz NOT NULL,
    delivery_id uuid NOT NULL REFERENCES delivery (id),
    state text NOT NULL CONSTRAINT notice_state CHECK (state IN ('planned', 'sent', 'suppressed', 'failed')),
    reason text,
    finished_at timestamptz,
    CONSTRAINT notice_once UNIQUE (subject_id, clock, generation, step, recipient, channel)
);
CREATE INDEX notice_by_delivery ON notice (delivery_id, state);
CREATE INDEX notice_by_recipient ON notice (recipient, id)
"""
_NAMES = (
    "notice",
    "delivery_attempt",
    "delivery",
    "timer_ended",
    "timer",
    "deadline",
    "person_history",
    "person",
)


def upgrade() -> None:
    # A migration that cannot get its lock soon gives up, rather than hold up every statement behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    schema.create_1()
    for statement in _TABLES.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in _NAMES:
        op.drop_table(name)
    schema.drop_1()
