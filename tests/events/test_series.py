from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from common.ids import new_id
from events import codec
from events.contracts.deadline import DeadlineSetV1
from events.contracts.words import Severity
from events.series import Beside, Series
from tests.support.events import NOON, a_complaint_received

OWN = ("subject_id", "title", "link", "explanation")


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


def own_of(data: DeadlineSetV1) -> Mapping[str, Any]:
    return {name: getattr(data, name) for name in OWN}


def test_a_series_writes_what_its_contract_writes() -> None:
    first = a_deadline()
    other = a_deadline(title="Répondre « vite »: 卡 (C-10002)", explanation={"steps": [{"days": 1.5}, None]})
    assert Series(first, own=OWN).value(**own_of(other)) == codec.value_of(other)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_id": str(UUID(int=1))},
        {"title": "NUL \x00"},
        {"link": "no link"},
        {"explanation": "no data"},
        {"mood": "cross"},
    ],
)
def test_each_of_a_series_is_held_to_the_contract_strictly(changes: dict[str, Any]) -> None:
    series = Series(a_deadline(), own=OWN)
    with pytest.raises(ValueError, match=next(iter(changes))):
        series.value(**(dict(own_of(a_deadline())) | changes))


def test_nothing_of_its_own_is_left_out() -> None:
    with pytest.raises(ValueError, match="title"):
        Series(a_deadline(), own=OWN).value(subject_id=new_id(), link="/1", explanation={})


def test_what_is_told_beside_an_event_differs_in_its_id_and_what_it_says_alone() -> None:
    event, deadline = a_complaint_received(), a_deadline()
    beside = Beside(event).write(deadline.type, codec.value_of(deadline))
    attributes = dict(beside.attributes)
    itself = event.model_copy(update={"id": UUID(attributes["ce_id"]), "data": deadline})
    assert beside.attributes == codec.attributes_of(itself)
    assert (beside.key, beside.type) == (event.key, deadline.type)
    assert attributes["ce_id"] != str(event.id)
