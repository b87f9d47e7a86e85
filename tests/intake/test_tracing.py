"""What a traced POST leaves: its span, the wait for its commit, and an event from which the trace goes on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.intake.world import World, a_complaint, open_world
from tests.support.tracing import PARENT, TRACE, Recorded, parent_id, recording, said, span_id, trace_id


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as recorded:
        yield recorded


@pytest.fixture
async def traced(recorded: Recorded, intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    assert recorded.tracer.recording
    async with open_world(intake_url, tmp_path) as world:
        yield world


async def test_the_event_of_a_complaint_goes_on_from_the_request_that_brought_it(
    traced: World, recorded: Recorded
) -> None:
    headers = {"traceparent": PARENT, "tracestate": "crm=1"}
    await traced.client("crm").post("/v1/complaints", json=a_complaint(), headers=headers)
    request = recorded.one("POST /v1/complaints")
    (event,) = await traced.told()
    assert (event.traceparent, event.tracestate) == (f"00-{TRACE}-{span_id(request)}-01", "crm=1")


async def test_an_amendment_goes_on_from_the_request_that_brought_it(
    traced: World, recorded: Recorded
) -> None:
    crm, headers = traced.client("crm"), {"traceparent": PARENT, "tracestate": "crm=1"}
    await crm.post("/v1/complaints", json=a_complaint())
    await crm.post("/v1/complaints", json=a_complaint(lot="L-2"), headers=headers)
    (request,) = [span for span in recorded.named("POST /v1/complaints") if trace_id(span) == TRACE]
    _, amended = await traced.told()
    assert (amended.traceparent, amended.tracestate) == (f"00-{TRACE}-{span_id(request)}-01", "crm=1")


async def test_complaints_written_together_each_have_a_span_that_says_how_many_they_were(
    traced: World, recorded: Recorded
) -> None:
    crm = traced.client("crm")
    posts = [crm.post("/v1/complaints", json=a_complaint(external_id=f"case-{nth}")) for nth in range(8)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {201}
    requests = {span_id(span): trace_id(span) for span in recorded.named("POST /v1/complaints")}
    waits = [span for span in recorded.spans if span.name.startswith("transaction")]
    assert {parent_id(span): trace_id(span) for span in waits} == requests
    sizes = [said(span)["db.operation.batch.size"] for span in waits]
    assert len(sizes) == 8
    assert max(int(str(size)) for size in sizes) > 1


async def test_while_tracing_is_off_the_callers_trace_goes_on_all_the_same(world: World) -> None:
    headers = {"traceparent": PARENT, "tracestate": "crm=1"}
    await world.client("crm").post("/v1/complaints", json=a_complaint(), headers=headers)
    (event,) = await world.told()
    assert event.traceparent is not None
    assert event.traceparent.startswith(f"00-{TRACE}-")
    assert event.tracestate == "crm=1"
