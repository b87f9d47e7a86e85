"""The way of spans to the collector: OTLP over HTTP, in batches, from a bounded queue, in a thread of its own.

Nothing waits for the collector but that thread. What finds the queue full is dropped and counted.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from typing_extensions import override

from chassis.logging import get_logger
from chassis.recording import RecordingTracer, sampler_of
from chassis.settings import ServiceSettings
from chassis.tracing import SPANS

MOST_WAITING: Final = 2048
_MOST_LINKS: Final = 512
"""A batch of the relay has up to 500 records."""
_TRACES_PATH: Final = "/v1/traces"
_NOISY: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"

log = get_logger("chassis.tracing")


def open_tracer(settings: ServiceSettings, version: str) -> RecordingTracer:
    """Make the tracer of a service's process; nothing is connected before the first spans are sent."""
    endpoint = settings.tracing_endpoint
    exporter = OTLPSpanExporter(
        endpoint=None if endpoint is None else f"{endpoint.rstrip('/')}{_TRACES_PATH}"
    )
    resource = Resource.create(
        {
            "service.namespace": "redress",
            "service.name": settings.service,
            "service.version": version,
            "service.instance.id": settings.instance_id or str(uuid4()),
        }
    )
    return tracer_over(exporter, resource, settings.tracing_sample_ratio)


def tracer_over(
    exporter: SpanExporter, resource: Resource, ratio: float, *, most_waiting: int = MOST_WAITING
) -> RecordingTracer:
    """Make a tracer that sends the sampled spans by an exporter."""
    watched = WatchedExporter(exporter)
    provider = TracerProvider(
        sampler=sampler_of(ratio),
        resource=resource,
        span_limits=SpanLimits(max_links=_MOST_LINKS),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BoundedQueue(watched, most_waiting))

    def finish(seconds: float) -> None:
        # The library's own end may take half a minute. This thread is left behind after the bound: the process ends.
        ending = threading.Thread(target=provider.shutdown, name="tracing-end", daemon=True)
        ending.start()
        ending.join(seconds)
        if ending.is_alive():
            watched.shutdown()

    return RecordingTracer(provider.get_tracer("redress"), finish)


class BoundedQueue(SpanProcessor):
    """Hands ended spans to the thread that sends them, at most so many at a time; drops and counts the rest."""

    def __init__(self, exporter: "WatchedExporter", most_waiting: int) -> None:
        self._batches = BatchSpanProcessor(
            exporter, max_queue_size=2 * most_waiting, max_export_batch_size=min(512, most_waiting)
        )
        self._exporter = exporter
        self._most = most_waiting

    @override
    def on_end(self, span: ReadableSpan) -> None:
        # An unsampled span was never recorded, so that whatever ends here is to be sent.
        if self._exporter.waits_more_than(self._most):
            SPANS.labels("dropped").inc()
        else:
            self._batches.on_end(span)

    @override
    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # it says no types

    @override
    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._batches.force_flush(timeout_millis)


class WatchedExporter(SpanExporter):
    """Counts what becomes of spans, and says once when the collector goes away and once when it is back."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._waiting = 0
        self._counting = threading.Lock()
        self._away = False
        logging.getLogger(_NOISY).addFilter(_HEARD)

    def waits_more_than(self, most: int) -> bool:
        """Count one more that will wait, unless too many do; tells whether they do."""
        with self._counting:
            if self._waiting >= most:
                return True
            self._waiting += 1
            return False

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - whatever an exporter raises, the next batch is tried all the same
            _HEARD.last = type(error).__name__
            result = SpanExportResult.FAILURE
        with self._counting:
            self._waiting -= len(spans)
        sent = result is SpanExportResult.SUCCESS
        SPANS.labels("exported" if sent else "failed").inc(len(spans))
        if sent and self._away:
            log.info("tracing_collector_back")
        elif not sent and not self._away:
            log.warning("tracing_collector_away", reason=_HEARD.last)
        self._away = not sent
        return result

    @override
    def shutdown(self) -> None:
        self._exporter.shutdown()

    @override
    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _Heard(logging.Filter):
    """Keeps what the exporter's logger says of each failed try, since one line tells of all of them."""

    last = ""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        self.last = record.getMessage()
        return False


_HEARD: Final = _Heard()
