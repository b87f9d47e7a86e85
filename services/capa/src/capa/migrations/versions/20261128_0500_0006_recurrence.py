"""Signals about closed cases whose trouble came back."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE signal ADD COLUMN case_id UUID, ADD COLUMN proposal TEXT, ADD COLUMN led_to UUID")
    for name, rule in (
        ("signal_proposal", "CHECK (proposal IN ('reopen', 'successor'))"),
        ("signal_about_case", "CHECK ((case_id IS NULL) = (proposal IS NULL))"),
        ("signal_case_id_fkey", "FOREIGN KEY (case_id) REFERENCES corrective_case (id)"),
        ("signal_led_to_fkey", "FOREIGN KEY (led_to) REFERENCES corrective_case (id)"),
    ):
        op.execute(f"ALTER TABLE signal ADD CONSTRAINT {name} {rule} NOT VALID")
        op.execute(f"ALTER TABLE signal VALIDATE CONSTRAINT {name}")
    op.execute(
        "CREATE INDEX corrective_case_closed ON corrective_case (closed_at) WHERE state = 'closed_effective'"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP INDEX corrective_case_closed")
    op.execute("ALTER TABLE signal DROP COLUMN led_to, DROP COLUMN proposal, DROP COLUMN case_id")
