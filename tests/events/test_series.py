from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common.ids import new_id
from common.json_pattern import Path
from events import codec
from events.contracts.deadline import DeadlineSetV1, DeadlinesSetV1, EachDeadline
from events.contracts.words import Severity
from events.series import Beside, Series, written
from tests.support.events import NOON, a_complaint_received

PLACES = (("subject_id",), ("title",), ("link",), ("explanation",))


def a_deadline(**changes: Any) -> DeadlineSetV1:
    """A deadline with what a contract asks for."""
    fields: dict[str, Any] = {
        "subject_kind": "complaint",
        "subject_id": new_id(),
        "clock": "respond",
        "generation": 1,
        "title": "Respond: credit-card / fees (C-10001)",
        "due_at": NOON,
        "severity": Severity.MAJOR,
        "link": "/v1/complaints/1",
        "calendar": "default:1",
        "policy_version": "generic:1",
        "explanation": {"rule": "5 working days"},
    }
    return DeadlineSetV1(**(fields | changes))


def several(*deadlines: DeadlineSetV1) -> DeadlinesSetV1:
    """The same deadlines in one event."""
    first = deadlines[0]
    return DeadlinesSetV1(
        subject_kind=first.subject_kind,
        subject_id=first.subject_id,
        severity=first.severity,
        link=first.link,
        deadlines=tuple(
            EachDeadline(**{name: getattr(each, name) for name in EachDeadline.model_fields})
            for each in deadlines
        ),
    )


def own_of(data: DeadlineSetV1) -> list[object]:
    return [getattr(data, name) for (name,) in PLACES]


def test_a_series_writes_what_its_contract_writes() -> None:
    first = a_deadline()
    other = a_deadline(title="Répondre « vite »: 卡 (C-10002)", explanation={"steps": [{"days": 1.5}, None]})
    assert Series(first, PLACES).value(own_of(other)) == codec.value_of(other)
    assert Series(other, PLACES).value(own_of(first)) == codec.value_of(first)


def test_a_series_writes_what_stands_in_parts_as_its_contract_does() -> None:
    first = several(a_deadline(), a_deadline(clock="update", ordinal=1, started_at=NOON))
    later = NOON + timedelta(seconds=1)
    other = several(
        a_deadline(title="One", explanation={"rule": "6 working days"}, subject_id=first.subject_id),
        a_deadline(clock="update", ordinal=1, title="Two", started_at=later),
    )
    places: list[Path] = [
        ("deadlines", 0, "title"),
        ("deadlines", 0, "explanation", "rule"),
        ("deadlines", 1, "title"),
        ("deadlines", 1, "started_at"),
    ]
    own = ["One", "6 working days", "Two", later]
    assert Series(first, places).value(own) == codec.value_of(other)


def test_a_place_is_taken_as_it_stands_whatever_it_looks_like() -> None:
    first = a_deadline(title='{"title": "0"}', link="/title0")
    other = a_deadline(title='"', subject_id=first.subject_id, link="/title0")
    assert Series(first, [("title",)]).value(['"']) == codec.value_of(other)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("subject_id", str(UUID(int=1))),
        ("title", "NUL \x00"),
        ("link", "no link"),
        ("explanation", "no data"),
    ],
)
def test_each_of_a_series_is_held_to_the_contract_strictly(place: str, value: object) -> None:
    own = own_of(a_deadline())
    own[PLACES.index((place,))] = value
    with pytest.raises(ValueError, match=f"deadline.set.v1: {place}: "):
        Series(a_deadline(), PLACES).value(own)


def test_parts_of_a_series_are_held_to_the_contract_strictly() -> None:
    series = Series(several(a_deadline()), [("deadlines", 0, "title")])
    with pytest.raises(ValueError, match=r"deadlines\.0\.title"):
        series.value(["NUL \x00"])


@pytest.mark.parametrize("own", [[], [new_id(), "a title", "/1"], [new_id(), "a title", "/1", {}, 5]])
def test_a_series_takes_as_many_values_as_it_has_places(own: list[object]) -> None:
    with pytest.raises(ValueError, match=r"deadline\.set"):
        Series(a_deadline(), PLACES).value(own)


def test_places_are_named_in_the_order_in_which_they_are_written() -> None:
    with pytest.raises(ValueError, match="order"):
        Series(a_deadline(), [("title",), ("subject_id",)])


def test_what_is_told_beside_an_event_differs_in_its_id_and_what_it_says_alone() -> None:
    event, deadline = a_complaint_received(), a_deadline()
    beside = Beside(written(event)).write(deadline.type, codec.value_of(deadline))
    attributes = dict(beside.attributes)
    itself = event.model_copy(update={"id": UUID(attributes["ce_id"]), "data": deadline})
    assert beside.attributes == codec.attributes_of(itself)
    assert (beside.key, beside.type) == (event.key, deadline.type)
    assert attributes["ce_id"] != str(event.id)
