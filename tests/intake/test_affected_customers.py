"""How many different customers complained, and of what: numbers only, from where personal data lie."""

from typing import Any

import pytest

from tests.intake.erasure.erika import erase
from tests.intake.world import World, a_complaint

PATH = "/v1/affected-customers"
SPAN = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}


async def _received(world: World, key: str = "crm", **changes: Any) -> str:
    posted = await world.client(key).post("/v1/complaints", json=a_complaint(**changes))
    assert posted.status_code == 201, posted.text
    return str(posted.json()["number"])


async def _asked(world: World, key: str = "crm", **changes: Any) -> dict[str, Any]:
    answer = await world.client(key).get(PATH, params=SPAN | changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _kinds(found: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(each["name"], each["customers"], each["complaints"]) for each in found["items"]]


async def test_one_who_complains_often_counts_once_and_kinds_of_most_customers_come_first(
    world: World,
) -> None:
    for person in ("P-1", "P-1", "P-1"):
        await _received(world, product="mortgage", complainant={"reference": person})
    for person in ("P-1", "P-2"):
        await _received(world, product="credit-card", complainant={"reference": person})

    found = await _asked(world, by="product")

    assert _kinds(found) == [("credit-card", 2, 2), ("mortgage", 1, 3)]
    assert (found["customers"], found["complaints"], found["unnamed"]) == (2, 5, 0)
    assert [round(each["cumulative"], 3) for each in found["items"]] == [0.667, 1.0]


@pytest.mark.parametrize(
    ("people", "customers", "unnamed"),
    [
        ([{"reference": "P-1", "email": "a@example.org"}, {"reference": "P-1"}], 1, 0),
        ([{"email": "Ada@Example.org"}, {"email": "ada@example.org"}], 1, 0),
        ([{"phone": "+43 1 234"}, {"phone": "0043-1-234"}, {"phone": "+431234"}], 1, 0),
        ([{"name": "Ada Smith"}, {"name": "Ada Smith"}], 0, 2),
        ([None], 0, 1),
    ],
)
async def test_a_customer_is_known_by_reference_else_mail_else_telephone_and_never_by_a_name(
    world: World, people: list[Any], customers: int, unnamed: int
) -> None:
    for person in people:
        await _received(world, **({} if person is None else {"complainant": person}))

    found = await _asked(world)

    assert (found["customers"], found["unnamed"], found["complaints"]) == (customers, unnamed, len(people))
    assert found["items"][0]["share"] == (1.0 if customers else None)


async def test_a_key_of_a_source_system_counts_its_own_customers_alone(world: World) -> None:
    await _received(world, complainant={"reference": "P-1"})
    await _received(world, "shop", complainant={"reference": "P-1"})

    assert (await _asked(world, "crm"))["customers"] == 1
    # The same id of two systems is not the same person.
    assert (await _asked(world, "staff"))["customers"] == 2


async def test_what_lies_outside_the_span_or_is_of_another_product_is_left_out(world: World) -> None:
    await _received(world, complainant={"reference": "P-1"})

    assert (await _asked(world, product="mortgage"))["items"] == []
    assert (await _asked(world, to="2026-02-01T00:00:00Z"))["complaints"] == 0


async def test_a_span_that_ends_before_it_begins_is_refused_with_the_fix(world: World) -> None:
    answer = await world.client("crm").get(PATH, params={"from": SPAN["to"], "to": SPAN["from"]})

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["parameter"], error["code"]) == (422, "to", "span_invalid")
    assert "later than `from`" in error["fix"]


async def test_who_was_erased_counts_as_unnamed_and_no_complaint_goes(world: World) -> None:
    number = await _received(world, complainant={"reference": "P-1"})
    await _received(world, complainant={"reference": "P-2"})

    erased = await erase(world, number)

    assert erased.status_code == 200, erased.text
    found = await _asked(world)
    assert (found["customers"], found["complaints"], found["unnamed"]) == (1, 2, 1)
