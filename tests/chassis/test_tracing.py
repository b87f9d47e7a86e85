import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import SecretStr

from chassis.correlation import current
from chassis.exporting import open_tracer, tracer_over
from chassis.recording import RecordingTracer
from chassis.run import Loop, run_loops
from chassis.settings import ServiceSettings
from chassis.tracing import Correlating, start_tracing, tracer, use_tracer
from common.tracing import Story, TraceContext, traced
from local.traces import Collector
from tests.support.tracing import PARENT, SPAN, TRACE, UNSAMPLED, recording, trace_id
from tests.support.waiting import until

Lines = Callable[[], list[dict[str, Any]]]
NOTHING = Resource.create({})


class Tracing(ServiceSettings):
    service = "things"


def settings(**chosen: Any) -> Tracing:
    return Tracing(database_url=SecretStr("postgresql://nobody@127.0.0.1/none"), **chosen)


@pytest.fixture(autouse=True)
def off_afterwards() -> Iterator[None]:
    yield
    use_tracer(Correlating())


def count(outcome: str) -> float:
    return REGISTRY.get_sample_value("tracing_spans_total", {"outcome": outcome}) or 0.0


def work(tracer: RecordingTracer, times: int = 1) -> None:
    for _ in range(times):
        with traced(tracer, "work", [Story()]):
            pass


def nowhere() -> str:
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1/traces"


@pytest.fixture
def silence() -> Iterator[str]:
    """A collector that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1/traces"


def test_a_process_that_does_not_trace_imports_neither_sdk_nor_exporter() -> None:
    script = (
        "import sys, intake.__main__, capa.__main__, notifier.__main__\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_tracing_is_off_unless_the_settings_say_otherwise() -> None:
    start_tracing(settings(), "1")
    assert not tracer().recording


def test_spans_reach_the_collector_with_service_version_and_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
    with Collector() as collector:
        start_tracing(
            settings(tracing=True, tracing_endpoint=f"{collector.url}/", instance_id="pod-1"), "4.2"
        )
        with traced(tracer(), "work", [Story(context=TraceContext(PARENT, "crm=1"))]):
            pass
        tracer().finish(10)
        (span,) = collector.spans()
    assert (span.name, span.trace_id, span.parent_id, span.tracestate) == ("work", TRACE, SPAN, "crm=1")
    wanted = {
        "service.namespace": "redress",
        "service.name": "things",
        "service.version": "4.2",
        "service.instance.id": "pod-1",
        "deployment.environment.name": "staging",
    }
    assert wanted.items() <= dict(span.resource).items()


def test_the_standard_variables_name_collector_and_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        opened = open_tracer(settings(tracing=True), "1")
        work(opened)
        opened.finish(10)
        assert [span.name for span in collector.spans()] == ["work"]


def test_a_collector_that_is_away_is_said_once_and_counted(
    logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    exporter = OTLPSpanExporter(endpoint=nowhere(), timeout=0.05)
    opened = tracer_over(exporter, NOTHING, 1.0)
    before = count("failed")
    for nth in range(1, 4):
        work(opened)
        end = time.monotonic() + 10
        while count("failed") < before + nth:
            assert time.monotonic() < end
            time.sleep(0.01)
    opened.finish(1)
    lines = [(line["level"], line["event"]) for line in logged()]
    assert lines == [("warning", "tracing_collector_away")]


async def test_a_collector_that_never_answers_holds_up_neither_work_nor_the_end(silence: str) -> None:
    opened = tracer_over(OTLPSpanExporter(endpoint=silence), NOTHING, 1.0, most_waiting=8)
    before, started = count("dropped"), time.monotonic()
    work(opened, 100)
    assert time.monotonic() - started < 2
    assert count("dropped") - before == 92
    started = time.monotonic()
    opened.finish(0.2)
    assert time.monotonic() - started < 2


async def test_the_processs_end_sends_what_waits(registry: CollectorRegistry) -> None:
    async def run(stop: asyncio.Event) -> None:
        await stop.wait()
        with traced(tracer(), "last work", [Story()]):
            pass

    with Collector() as collector:
        start_tracing(settings(tracing=True, tracing_endpoint=collector.url), "1")
        running = asyncio.create_task(run_loops([Loop("working", run)], registry=registry))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(running, 20) == 0
        assert [span.name for span in collector.spans()] == ["last work"]
    assert not tracer().recording


async def test_a_silent_collector_does_not_make_the_end_later_than_the_bound(
    registry: CollectorRegistry, silence: str
) -> None:
    async def run(stop: asyncio.Event) -> None:
        with traced(tracer(), "work", [Story()]):
            await stop.wait()

    start_tracing(settings(tracing=True, tracing_endpoint=silence.removesuffix("/v1/traces")), "1")
    running = asyncio.create_task(
        run_loops([Loop("working", run)], stop_timeout_seconds=0.6, registry=registry)
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    started = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 20) == 0
    assert time.monotonic() - started < 3


def test_work_for_one_story_is_bound_to_it() -> None:
    with recording() as recorded:
        with traced(recorded.tracer, "work", [Story(context=TraceContext(PARENT))]) as (span,):
            here = current()
        assert here is not None
        assert here.context == span.context
        assert here.trace_id == TRACE
    assert current() is None


def test_work_for_several_stories_has_a_span_in_each_and_one_of_its_own_that_is_linked_with_them() -> None:
    with recording(ratio=0.0) as recorded:
        stories = [Story(context=TraceContext(PARENT)), Story(context=TraceContext(UNSAMPLED))]
        with traced(recorded.tracer, "work", stories):
            here = current()
        first, shared = recorded.spans
    assert (first.name, trace_id(first), shared.name) == ("work", TRACE, "work together")
    assert here is not None
    assert here.trace_id == trace_id(shared) != TRACE
    assert len(shared.links) == 2


def test_shared_work_is_not_recorded_where_none_of_its_stories_is() -> None:
    with (
        recording() as recorded,
        traced(recorded.tracer, "work", [Story(context=TraceContext(UNSAMPLED))] * 2),
    ):
        pass
    assert recorded.names == []


def test_an_error_fails_the_spans_of_all_stories() -> None:
    with recording() as recorded:
        with pytest.raises(KeyError), traced(recorded.tracer, "work", [Story(), Story()]):
            raise KeyError("ada")
        assert [span.status.is_ok for span in recorded.spans] == [False] * 3
        assert "ada" not in " ".join(span.to_json() for span in recorded.spans)


def test_while_tracing_is_off_log_lines_carry_the_storys_trace_and_what_follows_continues_there(
    logged: Lines,
) -> None:
    from chassis.logging import get_logger

    with traced(tracer(), "work", [Story(context=TraceContext(PARENT, "crm=1"))]) as (span,):
        get_logger("x").info("working")
    (line,) = logged()
    assert (line["trace_id"], span.context) == (TRACE, TraceContext(PARENT, "crm=1"))
    assert line["correlation_id"]
    assert line["span_id"]


async def test_a_task_begun_in_a_block_belongs_to_it() -> None:
    seen: list[str] = []

    async def look() -> None:
        here = current()
        seen.append("" if here is None else here.trace_id)

    with traced(tracer(), "work", [Story(context=TraceContext(PARENT))]):
        task = asyncio.create_task(look())
    await until(task.done)
    assert seen == [TRACE]
