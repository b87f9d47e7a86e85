"""What is told of the handling of complaints: their steps and their deadlines."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE complaint ADD COLUMN followed BOOLEAN DEFAULT false NOT NULL")
    op.execute("""
        CREATE TABLE complaint_step (
            complaint_id UUID NOT NULL,
            version INTEGER NOT NULL,
            step TEXT NOT NULL,
            at TIMESTAMP WITH TIME ZONE NOT NULL,
            investigated BOOLEAN,
            PRIMARY KEY (complaint_id, version, step)
        )
    """)
    op.execute("CREATE INDEX complaint_step_by_time ON complaint_step (at)")
    op.execute("""
        CREATE TABLE complaint_deadline (
            complaint_id UUID NOT NULL,
            clock TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            kind TEXT NOT NULL,
            generation INTEGER NOT NULL,
            standing SMALLINT NOT NULL,
            started_at TIMESTAMP WITH TIME ZONE NOT NULL,
            original_due_at TIMESTAMP WITH TIME ZONE NOT NULL,
            due_at TIMESTAMP WITH TIME ZONE NOT NULL,
            ended_at TIMESTAMP WITH TIME ZONE,
            PRIMARY KEY (complaint_id, clock, ordinal),
            CONSTRAINT complaint_deadline_kind CHECK (kind IN ('acknowledge', 'respond')),
            CONSTRAINT complaint_deadline_standing CHECK (standing BETWEEN 0 AND 3)
        )
    """)
    op.execute("CREATE INDEX complaint_deadline_by_due ON complaint_deadline (due_at)")
    op.execute("CREATE INDEX complaint_deadline_by_original_due ON complaint_deadline (original_due_at)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE complaint_deadline")
    op.execute("DROP TABLE complaint_step")
    op.execute("ALTER TABLE complaint DROP COLUMN followed")
