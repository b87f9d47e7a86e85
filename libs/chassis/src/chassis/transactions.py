"""A span for each transaction of a request, an event or a job that is traced."""

from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.correlation import current
from chassis.tracing import tracer
from common.tracing import Span, Story

_SPAN: Final = "redress.span"
_DATABASES: Final[WeakKeyDictionary[Engine, str]] = WeakKeyDictionary()


def transaction_begun(engine: AsyncEngine) -> Span | None:
    """Begin the span of a transaction for what is traced here and now; None where nothing is."""
    return _begun(_DATABASES.get(engine.sync_engine, ""))


def _begun(database: str) -> Span | None:
    here = current()
    if not tracer().recording or here is None or not here.is_sampled:
        return None
    about = {"db.system.name": "postgresql", "db.namespace": database}
    story = Story(here.correlation_id, here.context, about)
    return tracer().begin(f"transaction {database}".rstrip(), kind="client", story=story)


def record_transactions(engine: AsyncEngine, database: str) -> None:
    """Record each transaction of an engine, from its beginning until its connection is given back.

    A statement has no span of its own: a use case is one transaction of a few statements.
    """

    def begun(connection: Connection) -> None:
        span = _begun(database)
        if span is not None:
            connection.info[_SPAN] = span

    def rolled_back(connection: Connection) -> None:
        span: Span | None = connection.info.get(_SPAN)
        if span is not None:
            span.set("redress.rolled_back", 1)

    def failed(context: ExceptionContext) -> None:
        span: Span | None = context.connection.info.get(_SPAN) if context.connection is not None else None
        if span is not None:
            # The driver's own error has the telling name; what SQLAlchemy makes of it is often a bare Error.
            error = context.original_exception
            span.fail(type(error.__cause__ or error).__name__)

    def given_back(_connection: Any, record: Any) -> None:
        span: Span | None = record.info.pop(_SPAN, None)
        if span is not None:
            span.end()

    _DATABASES[engine.sync_engine] = database
    event.listen(engine.sync_engine, "begin", begun)
    event.listen(engine.sync_engine, "rollback", rolled_back)
    event.listen(engine.sync_engine, "handle_error", failed)
    event.listen(engine.sync_engine, "checkin", given_back)
