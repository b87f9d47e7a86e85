"""What capa announces goes on from the handling of the event, or from the request, that led to it."""

from collections.abc import Iterator

import httpx
import pytest

from events.codec import encode
from tests.capa.world import World
from tests.support.events import a_complaint_received
from tests.support.tracing import PARENT, TRACE, Recorded, recording, span_id

OTHER_PARENT = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as recorded:
        yield recorded


async def test_what_follows_from_complaints_handled_together_goes_on_in_the_trace_of_each(
    recorded: Recorded, world: World
) -> None:
    first = a_complaint_received("a", traceparent=PARENT, tracestate="crm=1")
    second = a_complaint_received("b", traceparent=OTHER_PARENT)
    await world.consume(encode(first, "redress.intake"), encode(second, "redress.intake"))
    handled = {
        f"{span.context.trace_id:032x}": span_id(span)
        for span in recorded.named("process redress.intake")
        if span.context is not None
    }
    announced = await world.announced()
    traces = {event.causation_id: (event.traceparent, event.tracestate) for event in announced}
    assert traces == {
        first.id: (f"00-{TRACE}-{handled[TRACE]}-01", "crm=1"),
        second.id: (f"00-{OTHER_PARENT[3:35]}-{handled[OTHER_PARENT[3:35]]}-01", None),
    }


async def test_what_a_person_does_goes_on_in_the_trace_of_the_request(
    world: World, client: httpx.AsyncClient
) -> None:
    action = await world.an_action()
    headers = {"traceparent": PARENT, "tracestate": "desk=1", "If-Match": f'"v{action.version}"'}
    answer = await client.post(
        f"/v1/actions/{action.id}/cancel", json={"reason": "raised in error"}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    traces = {(str(event.traceparent)[3:35], event.tracestate) for event in await world.announced()}
    assert traces == {(TRACE, "desk=1")}
