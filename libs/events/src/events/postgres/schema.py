"""Migration steps of delivery's tables, called by each service's own revisions.

A step is never edited once published: a change is the next function.
"""

import sqlalchemy as sa
from alembic import op

from events.postgres.tables import SHARDS

_STEP_1 = """
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard smallint NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    sequence bigint,
    headers bytea NOT NULL,
    value bytea NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX outbox_by_shard ON outbox (shard, position);
CREATE TABLE outbox_shard (shard smallint PRIMARY KEY, served_at timestamptz NOT NULL);
CREATE TABLE outbox_sequence (key text PRIMARY KEY, last bigint NOT NULL);
CREATE TABLE outbox_refused (
    position bigint PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    refused_at timestamptz NOT NULL,
    reason text NOT NULL
);
CREATE TABLE inbox (
    consumer_group text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    state text NOT NULL CONSTRAINT inbox_state CHECK (state IN ('handled', 'parked', 'discarded')),
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, source, event_id)
);
CREATE INDEX inbox_by_age ON inbox (claimed_at);
CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer_group text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    key text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    position bigint NOT NULL,
    written_at timestamptz NOT NULL,
    record_key bytea NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL,
    state text NOT NULL CONSTRAINT parked_state CHECK (state IN ('parked', 'dead', 'discarded')),
    attempts integer NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    parked_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    log jsonb NOT NULL,
    CONSTRAINT parked_once UNIQUE (consumer_group, source, event_id)
);
CREATE INDEX parked_blocking ON parked (consumer_group, key, id) WHERE state <> 'discarded';
CREATE INDEX parked_due ON parked (next_attempt_at) WHERE state = 'parked';
"""


def create_1() -> None:
    """Make delivery's tables as of their first version."""
    for statement in _STEP_1.split(";\n"):
        if statement.strip():
            op.execute(statement)
    shards = ", ".join(f"({shard}, 'epoch')" for shard in range(SHARDS))
    op.execute(sa.text(f"INSERT INTO outbox_shard (shard, served_at) VALUES {shards}"))  # noqa: S608  (constants)


def drop_1() -> None:
    """Remove what `create_1` made."""
    for table in ("parked", "inbox", "outbox_refused", "outbox_sequence", "outbox_shard", "outbox"):
        op.drop_table(table)
