"""For the CRM: the feed of changes, webhooks, and the status that a complaint has in its source."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = (
    # A queue, read by one at a time, that gives the feed its order; the rows live for a moment.
    """
    CREATE TABLE change_queue (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL,
        complaint_id uuid,
        history_position integer,
        nonconformity_id uuid
    ) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)
    """,
    """
    CREATE TABLE change_feed (
        id smallint PRIMARY KEY,
        last_position bigint NOT NULL,
        forgotten_position bigint NOT NULL
    ) WITH (fillfactor = 10)
    """,
    "INSERT INTO change_feed (id, last_position, forgotten_position) VALUES (1, 0, 0)",
    """
    CREATE TABLE complaint_change (
        position bigint PRIMARY KEY,
        id uuid NOT NULL,
        complaint_id uuid NOT NULL,
        number text NOT NULL,
        source_system text NOT NULL,
        external_id text,
        type text NOT NULL,
        action text NOT NULL,
        changed text[] NOT NULL,
        state text NOT NULL,
        version integer NOT NULL,
        historical boolean NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX complaint_change_of_source ON complaint_change (source_system, position)",
    """
    CREATE TABLE webhook_endpoint (
        id uuid PRIMARY KEY,
        source_system text,
        url text NOT NULL,
        description text,
        event_types text[] NOT NULL,
        secret text NOT NULL,
        previous_secret text,
        previous_until timestamptz,
        disabled_at timestamptz,
        disabled_reason text,
        failures integer NOT NULL,
        failing_since timestamptz,
        paused_until timestamptz,
        version integer NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX webhook_endpoint_of_source ON webhook_endpoint (source_system, id)",
    """
    CREATE TABLE webhook_delivery (
        id uuid PRIMARY KEY,
        endpoint_id uuid NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
        position bigint NOT NULL REFERENCES complaint_change (position) ON DELETE CASCADE,
        complaint_id uuid NOT NULL,
        state text NOT NULL,
        attempts integer NOT NULL,
        tries integer NOT NULL,
        maybe_duplicate boolean NOT NULL,
        reason text,
        status integer,
        created_at timestamptz NOT NULL,
        next_attempt_at timestamptz,
        attempted_at timestamptz,
        delivered_at timestamptz,
        lease_token uuid,
        lease_until timestamptz
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)
    """,
    "CREATE UNIQUE INDEX webhook_delivery_once ON webhook_delivery (position, endpoint_id)",
    "CREATE INDEX webhook_delivery_of_endpoint ON webhook_delivery (endpoint_id, position)",
    """
    CREATE INDEX webhook_delivery_waiting ON webhook_delivery (endpoint_id, next_attempt_at)
     WHERE state = 'waiting'
    """,
    """
    CREATE INDEX webhook_delivery_sending ON webhook_delivery (endpoint_id, lease_until) WHERE state = 'sending'
    """,
    """
    CREATE INDEX webhook_delivery_in_order ON webhook_delivery (endpoint_id, complaint_id, position)
     WHERE state IN ('waiting', 'sending')
    """,
    "ALTER TABLE complaint ADD COLUMN crm_status_code text",
    "ALTER TABLE complaint ADD COLUMN crm_status_reference text",
    "ALTER TABLE complaint ADD COLUMN crm_status_note text",
    "ALTER TABLE complaint ADD COLUMN crm_status_at timestamptz",
)

# Triggers see every change, whichever use case makes it, and in the transaction that makes it. The one of histories is
# called once for a statement, so that a batch of complaints, and an import, do not pay for each complaint.
_FUNCTIONS = (
    """
    CREATE FUNCTION queue_history() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, complaint_id, history_position)
        SELECT 'history', complaint_id, position FROM fresh;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION queue_triage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, complaint_id) VALUES ('triage', NEW.complaint_id);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION queue_link() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, complaint_id) VALUES ('link', NEW.complaint_id);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION queue_nonconformity() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, nonconformity_id) VALUES ('nonconformity', NEW.id);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION queue_action() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, nonconformity_id) VALUES ('action', NEW.nonconformity_id);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION queue_clock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO change_queue (kind, complaint_id) VALUES ('clock', NEW.complaint_id);
        RETURN NULL;
    END
    $$
    """,
)
_TRIGGERS = (
    """
    CREATE TRIGGER history_queued AFTER INSERT ON complaint_history
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION queue_history()
    """,
    """
    CREATE TRIGGER triage_queued AFTER INSERT OR UPDATE ON triage
    FOR EACH ROW EXECUTE FUNCTION queue_triage()
    """,
    """
    CREATE TRIGGER link_queued AFTER INSERT ON complaint_link FOR EACH ROW EXECUTE FUNCTION queue_link()
    """,
    """
    CREATE TRIGGER nonconformity_queued AFTER UPDATE ON nonconformity FOR EACH ROW
    WHEN ((OLD.state, OLD.number) IS DISTINCT FROM (NEW.state, NEW.number))
    EXECUTE FUNCTION queue_nonconformity()
    """,
    """
    CREATE TRIGGER action_queued AFTER INSERT OR UPDATE ON action
    FOR EACH ROW EXECUTE FUNCTION queue_action()
    """,
    """
    CREATE TRIGGER clock_queued AFTER UPDATE ON complaint_clock FOR EACH ROW
    WHEN (OLD.breached_at IS NULL AND NEW.breached_at IS NOT NULL)
    EXECUTE FUNCTION queue_clock()
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in (*_TABLES, *_FUNCTIONS, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for trigger, table in (
        ("history_queued", "complaint_history"),
        ("triage_queued", "triage"),
        ("link_queued", "complaint_link"),
        ("nonconformity_queued", "nonconformity"),
        ("action_queued", "action"),
        ("clock_queued", "complaint_clock"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("history", "triage", "link", "nonconformity", "action", "clock"):
        op.execute(f"DROP FUNCTION queue_{function}()")
    for name in ("code", "reference", "note", "at"):
        op.drop_column("complaint", f"crm_status_{name}")
    for table in ("webhook_delivery", "webhook_endpoint", "complaint_change", "change_feed", "change_queue"):
        op.drop_table(table)
