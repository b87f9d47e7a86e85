"""Which events are handled together."""

from collections.abc import Sequence
from typing import Any

from common.ids import new_id
from events.codec import encode
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.contracts.words import Severity
from events.delivery import Claim, Delivered, Delivery, GroupHandler, Handlers
from events.envelope import Event
from events.postgres.hearing import Together, gather, hear
from events.transport import Received, Record
from tests.support.events import NOON, a_complaint_received

TOPIC = "redress.intake"


async def nothing(_: Sequence[Delivered]) -> Sequence[Claim]:
    return []


async def alone(_: Any, __: Delivery) -> None:
    return


def amended() -> Event[Any]:
    received = a_complaint_received()
    data = ComplaintAmendedV1(
        complaint_id=new_id(),
        number="C-1",
        changed=("product",),
        reported_severity=Severity.MAJOR,
        product="loans",
        category="fees",
    )
    return Event[ComplaintAmendedV1].model_validate(dict(received) | {"data": data})


R, A = a_complaint_received(), amended()
UNREAD = Record(TOPIC, b"a", (), b"{")


def groups(handlers: Handlers, *told: Event[Any] | Record, most: int = 10) -> list[int]:
    """The sizes of what comes out: groups by their size, and 0 for what stands alone."""
    records = [each if isinstance(each, Record) else encode(each, TOPIC) for each in told]
    heard = (hear(Received(record, 0, nth, NOON), "capa", handlers) for nth, record in enumerate(records))
    return [len(found.events) if isinstance(found, Together) else 0 for found in gather(heard, most)]


def test_consecutive_events_of_one_kind_come_together_up_to_a_bound() -> None:
    assert groups({ComplaintReceivedV1: GroupHandler(nothing)}, R, R, R, R, R, most=2) == [2, 2, 1]


def test_events_of_handlers_that_take_one_stand_alone() -> None:
    assert groups({ComplaintReceivedV1: alone}, R, R) == [0, 0]


def test_an_event_of_another_handler_parts_a_group() -> None:
    handlers: Handlers = {ComplaintReceivedV1: GroupHandler(nothing), ComplaintAmendedV1: alone}
    assert groups(handlers, R, R, A, R) == [2, 0, 1]
    other: Handlers = {
        ComplaintReceivedV1: GroupHandler(nothing),
        ComplaintAmendedV1: GroupHandler(nothing),
    }
    assert groups(other, R, R, A, R) == [2, 1, 1]


def test_kinds_that_share_a_handler_come_together() -> None:
    both = GroupHandler(nothing)
    assert groups({ComplaintReceivedV1: both, ComplaintAmendedV1: both}, R, A, R) == [3]


def test_what_has_no_effect_here_parts_nothing() -> None:
    assert groups({ComplaintReceivedV1: GroupHandler(nothing)}, R, A, R) == [0, 2]


def test_what_cannot_be_read_parts_a_group() -> None:
    assert groups({ComplaintReceivedV1: GroupHandler(nothing)}, R, UNREAD, R) == [1, 0, 1]
