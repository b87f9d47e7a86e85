"""JSON logs on stdout, one line an event, from structlog and the standard library alike."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

from chassis.correlation import current

HIDDEN: Final = "***"
SPARING_SECONDS: Final = 30.0
"""How long a repeated message of Kafka's client is held back."""
_SECRET_NAME: Final = re.compile(
    r"pass(word|wd)?$|secret|pepper|token|authorization|api_?key$|cookie|database_url", re.IGNORECASE
)
_SECRET_TEXT: Final = (
    (re.compile(r"redress_[a-z]{1,16}_([0-9a-z]{10})_[0-9A-Za-z]{40,}"), rf"redress_{HIDDEN}_\1_{HIDDEN}"),
    (re.compile(r"(://[^:/@\s]*:)[^@\s]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?"), HIDDEN),
    # PostgreSQL repeats the values of a row that breaks a constraint, and they may be personal data.
    (re.compile(r"(?m)^DETAIL:.*$"), f"DETAIL: {HIDDEN}"),
)
_service = ""


def configure_logging(service: str, level: str = "info") -> None:
    """Send all logs of the process to stdout: JSON, or lines for a person where stdout is a terminal."""
    global _service  # noqa: PLW0603 - a process is one service, and says so in each line
    _service = service
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _add_place,
        _hide_secrets,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=False,
    )
    rendered: list[Processor] = (
        [
            ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
        if sys.stdout.isatty()
        else [
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _hide_secrets,
            _render,
        ]
    )
    handler = _Stdout()
    handler.addFilter(_Sparing())
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=shared, processors=rendered))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for noisy in ("sqlalchemy", "asyncio", "aiokafka", "alembic", "uvicorn", "httpx", "httpcore"):
        logger = logging.getLogger(noisy)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> BoundLogger:
    """Give a logger whose first argument names the event and whose keywords are its fields."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


class AccessLog:
    """Writes the line of each request by itself, since the way through structlog costs more than a light request."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("chassis.access")

    def write(self, fields: Mapping[str, Any]) -> None:
        """Write one line at level info, if that is logged."""
        if not self._logger.isEnabledFor(logging.INFO):
            return
        handlers = logging.getLogger().handlers
        if len(handlers) == 1 and isinstance(handlers[0], _Stdout) and not handlers[0].for_person:
            line = {
                "timestamp": datetime.now(UTC),
                "service": _service,
                "level": "info",
                "event": "request",
                **fields,
            }
            handlers[0].write_soon(orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z))
        else:
            get_logger("chassis.access").info("request", **fields)


class _Sparing(logging.Filter):
    """Lets a message of Kafka's client through once in a while: it repeats each many times a second during an outage."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        message = (record.name, str(record.msg))
        if record.created - self._last.get(message, float("-inf")) < SPARING_SECONDS:
            return False
        self._last[message] = record.created
        return True


class _Stdout(logging.Handler):
    """Whatever stdout is at the moment; a reader that has gone away stops no one's work."""

    def __init__(self) -> None:
        super().__init__()
        self.for_person = sys.stdout.isatty()
        self._waiting: list[bytes] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(self.format(record).encode("utf-8", "backslashreplace"))
        except Exception:  # noqa: BLE001 - the standard library's own rule: logging never fails its caller
            self.handleError(record)

    def write(self, line: bytes) -> None:
        """Write one whole line, after those that wait."""
        self._waiting.append(line)
        self.flush()

    def write_soon(self, line: bytes) -> None:
        """Write one whole line together with those of the same turn of the event loop."""
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:  # no loop runs
            self.flush()

    @override
    def flush(self) -> None:
        """Write what waits; Python asks for it at the process's end, too."""
        lines, self._waiting = self._waiting, []
        if not lines:
            return
        try:
            sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))
            sys.stdout.buffer.flush()
        except (BrokenPipeError, ValueError):
            return


def _add_place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["timestamp"] = _now()
    event["service"] = _service
    correlation = current()
    if correlation is not None:
        event.setdefault("correlation_id", str(correlation.correlation_id))
        event.setdefault("trace_id", correlation.trace_id)
        event.setdefault("span_id", correlation.span_id)
    return event


def _hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = HIDDEN if _SECRET_NAME.search(str(name)) else hide_secrets(value)
        elif isinstance(value, Mapping):
            event[name] = _hide_secrets(_logger, _method, dict(value))
    return event


def hide_secrets(text: str) -> str:
    """Give a text without API keys, passwords in URLs and the row values in PostgreSQL's errors."""
    for pattern, hidden in _SECRET_TEXT:
        text = pattern.sub(hidden, text)
    return text


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    line = {
        name: event.pop(name) for name in ("timestamp", "service", "level", "event") if name in event
    } | dict(event)
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair, or a number beyond 64 bits: rare, but worth its line
        return json.dumps(line, default=str)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
