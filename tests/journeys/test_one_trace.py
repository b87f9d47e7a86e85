"""One trace runs from a CRM's request through all services to the mail that was sent: real processes, a real collector."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from local.traces import Collector, TracedSpan, tree_of
from tests.support.running import Pace, RunningSystem, complaint, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CRM_SPAN = "00f067aa0ba902b7"


@pytest.fixture(scope="module")
async def traced() -> AsyncIterator[tuple[RunningSystem, Collector]]:
    """The whole system, sending its traces to a collector of this test."""
    with Collector() as collector, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDRESS_TRACING", "true")
        patch.setenv("REDRESS_TRACING_ENDPOINT", collector.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        async with running_system(pace=Pace(due="3s", escalation="60s")) as system:
            yield system, collector


def of_trace(collector: Collector) -> list[TracedSpan]:
    return [span for span in collector.spans() if span.trace_id == TRACE]


def path_to(span: TracedSpan, spans: Sequence[TracedSpan]) -> list[tuple[str, str]]:
    """Service and name of each span from the first one down to this."""
    by_id = {each.span_id: each for each in spans}
    path = [(span.service, span.name)]
    while span.parent_id in by_id:
        span = by_id[span.parent_id]
        path.insert(0, (span.service, span.name))
    return path


async def test_the_crms_trace_runs_through_all_services_to_the_mail(
    traced: tuple[RunningSystem, Collector],
) -> None:
    system, collector = traced
    crm = system.client("intake", "crm")
    posted = await crm.post(
        "/v1/complaints",
        json=complaint("traced-1"),
        headers={"traceparent": f"00-{TRACE}-{CRM_SPAN}-01", "tracestate": "crm=7"},
    )
    assert posted.status_code == 201, posted.text

    def told() -> bool:
        names = [(span.service, span.name) for span in of_trace(collector)]
        # The last of the story: capa and the CRM's complaint have heard that the owner was told.
        return ("capa", "process redress.notifier") in names and ("notifier", "send email") in names

    await until(told, seconds=60, what="the mail's span has come")
    spans = of_trace(collector)
    (mail,) = [span for span in spans if span.name == "send email"]
    assert path_to(mail, spans) == [
        ("intake", "POST /v1/complaints"),
        ("capa", "process redress.intake"),
        ("notifier", "process redress.capa"),
        ("notifier", "fire timers"),
        ("notifier", "send email"),
    ], tree_of(spans)
    (first,) = [span for span in spans if span.kind == "server"]
    assert (first.parent_id, first.tracestate) == (CRM_SPAN, "crm=7")
    assert {span.tracestate for span in spans} == {"crm=7"}
    assert not [span for span in spans if span.failed], tree_of(spans)
    assert len(system.mails()) == 1
    sent = mail.attributes
    assert (sent["redress.outcome"], sent["redress.delivery.notices"]) == ("sent", 1)
    check_relays(collector, spans)
    check_nothing_personal(collector)
    check_logs(system)


def check_relays(collector: Collector, spans: Sequence[TracedSpan]) -> None:
    """Each relay's batch has a trace of its own, linked with the spans that announced something."""
    ids = {span.span_id for span in spans}
    sends = [
        span
        for span in collector.spans()
        if span.kind == "producer" and any(trace == TRACE and linked in ids for trace, linked in span.links)
    ]
    assert {span.service for span in sends} == {"intake", "capa", "notifier"}
    assert all(span.trace_id != TRACE and not span.parent_id for span in sends)


def check_nothing_personal(collector: Collector) -> None:
    """Neither a word of the complaint nor anybody's address or query is in a span."""
    told = repr(collector.spans())
    body = complaint("traced-1")
    for secret in (body["description"], "@example.org", "traced-1", "credit.team"):
        assert secret not in told


def check_logs(system: RunningSystem) -> None:
    """Each service has logged lines that name the trace and the one correlation of the story."""
    stories: set[Any] = set()
    for service in ("intake", "notifier"):
        lines = [line for line in logged(system, service) if line.get("trace_id") == TRACE]
        assert lines, service
        assert all(line["correlation_id"] and line["span_id"] for line in lines)
        assert {"request", "delivery_attempted"} & {line["event"] for line in lines}
        stories |= {line["correlation_id"] for line in lines if line["event"] == "delivery_attempted"}
    (story,) = stories
    assert story


def logged(system: RunningSystem, service: str) -> list[Mapping[str, Any]]:
    text = (system.home / "logs" / f"{service}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
