"""The tables of the embedded log, which is a database of its own."""

import sqlalchemy as sa

METADATA = sa.MetaData()

RECORD = sa.Table(
    "log_record",
    METADATA,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("partition", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("headers", sa.LargeBinary, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
)
sa.Index("log_record_by_age", RECORD.c.written_at)
HEAD = sa.Table(
    "log_head",
    METADATA,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("partition", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("next_position", sa.BigInteger, nullable=False),
)
CURSOR = sa.Table(
    "log_cursor",
    METADATA,
    sa.Column("consumer_group", sa.Text, primary_key=True),
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("partition", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("next_position", sa.BigInteger, nullable=False),
    sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
)
