"""The site of complaints, charts, signals and exposure; what is there already is of none, and of all together."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# A process of the release before goes on: it writes complaints without a site, and charts and signals of all sites. What
# it reads of exposure stays as it was, since the figures of sites have a table of their own.
_UP = """
ALTER TABLE complaint ADD COLUMN site TEXT;
ALTER TABLE chart_phase ADD COLUMN site TEXT NOT NULL DEFAULT '*';
ALTER TABLE chart_phase DROP CONSTRAINT chart_phase_pkey, ADD PRIMARY KEY (watch, product, category, site, phase);
ALTER TABLE chart_limits ADD COLUMN site TEXT NOT NULL DEFAULT '*';
ALTER TABLE chart_limits DROP CONSTRAINT chart_limits_pkey,
    ADD PRIMARY KEY (watch, product, category, site, definition, phase);
ALTER TABLE signal ADD COLUMN site TEXT NOT NULL DEFAULT '*';
DROP INDEX signal_latched_once;
CREATE UNIQUE INDEX signal_latched_once ON signal (watch, product, category, site, rule)
    WHERE state IN ('raised', 'confirmed');
CREATE TABLE site_exposure (
    product TEXT NOT NULL,
    site TEXT NOT NULL,
    unit TEXT NOT NULL,
    first_day DATE NOT NULL,
    next_day DATE NOT NULL,
    units BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (product, site, unit, first_day),
    CONSTRAINT site_exposure_days CHECK (first_day < next_day),
    CONSTRAINT site_exposure_units CHECK (units >= 0),
    CONSTRAINT site_exposure_unit CHECK (unit IN ('shipped', 'sold', 'in_use'))
);
"""
# What was charted for each site has no place any more.
_DOWN = """
DROP TABLE site_exposure;
UPDATE signal SET state = 'cleared' WHERE site <> '*' AND state IN ('raised', 'confirmed');
DROP INDEX signal_latched_once;
ALTER TABLE signal DROP COLUMN site;
CREATE UNIQUE INDEX signal_latched_once ON signal (watch, product, category, rule)
    WHERE state IN ('raised', 'confirmed');
DELETE FROM chart_limits WHERE site <> '*';
ALTER TABLE chart_limits DROP COLUMN site, ADD PRIMARY KEY (watch, product, category, definition, phase);
DELETE FROM chart_phase WHERE site <> '*';
ALTER TABLE chart_phase DROP COLUMN site, ADD PRIMARY KEY (watch, product, category, phase);
ALTER TABLE complaint DROP COLUMN site;
"""


def upgrade() -> None:
    _execute(_UP)


def downgrade() -> None:
    _execute(_DOWN)


def _execute(statements: str) -> None:
    # A migration that cannot get its lock soon gives up, rather than hold up every statement behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)
