"""Similar complaints: which are found, in which order, and why."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from intake.domain.similarity import Reason, Traits, compare, words_of
from tests.intake.world import NOON, World, a_complaint

PATH = "/v1/complaints"
ONE = Traits(
    source_system="crm",
    product="kettle",
    category="leak",
    lot="L-1",
    serial="S-1",
    complainant="P-1",
    received_at=NOON,
    words=words_of("The lid broke and burned my hand"),
)
OTHER = Traits(
    source_system="shop",
    product="toaster",
    category="smell",
    lot="L-1",
    serial=None,
    complainant="P-1",
    received_at=NOON - timedelta(days=900),
    words=words_of("Nothing alike"),
)


def _reasons(one: Traits, other: Traits) -> set[str]:
    return {common.reason.value for common in compare(one, [other])[0].reasons}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"product": "kettle"}, {"same_product", "same_lot"}),
        ({"product": "kettle", "lot": None}, {"same_product"}),
        ({"product": "kettle", "lot": "L-2", "category": "leak"}, {"same_category"}),
        ({"serial": "S-1"}, {"same_serial"}),
        ({"source_system": "crm"}, {"same_complainant"}),
        ({"received_at": NOON + timedelta(days=2)}, {"near_in_time"}),
        ({"words": words_of("A lid that burned me")}, {"shared_words"}),
        ({}, set()),
    ],
)
def test_what_two_complaints_have_in_common_is_a_reason(changes: dict[str, Any], reason: set[str]) -> None:
    assert _reasons(ONE, replace(OTHER, **changes)) == reason


def test_the_same_complaint_again_has_every_reason_and_more_reasons_score_higher() -> None:
    same, less = compare(ONE, [ONE, replace(ONE, serial="S-2")])

    assert {common.reason for common in same.reasons} == set(Reason) - {Reason.SAME_PRODUCT}
    assert 0 < less.score < same.score < 1


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    one = replace(OTHER, words=words_of("burned please"))
    crowd = [replace(OTHER, product="x", words=words_of("please"))] * 20
    rare, *common = compare(one, [replace(OTHER, words=words_of("burned")), *crowd])

    assert rare.score > max(likeness.score for likeness in common)
    assert "burned" in next(c.explanation for c in rare.reasons if c.reason is Reason.SHARED_WORDS)


async def _tell(world: World, **changes: Any) -> str:
    answer = await world.client(changes.pop("who", "crm")).post(PATH, json=a_complaint(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def _similar(world: World, number: str, who: str = "staff", **query: Any) -> dict[str, list[str]]:
    answer = await world.client(who).get(f"{PATH}/{number}/similar", params=query)
    assert answer.status_code == 200, answer.text
    return {item["number"]: [reason["code"] for reason in item["reasons"]] for item in answer.json()["items"]}


async def test_complaints_are_found_by_lot_serial_category_words_and_person_the_most_alike_first(
    world: World,
) -> None:
    told = {"product": "kettle", "category": "leak", "lot": "L-1", "serial": "S-1"}
    words = {"description": "Scalding water spilled over the worktop."}
    one = await _tell(world, **told, **words, complainant={"reference": "P-1"})
    twin = await _tell(world, **told, **words, site="plant-1")
    of_lot = await _tell(world, product="kettle", category="smell", lot="L-1", description="Odd odour.")
    of_serial = await _tell(world, product="pot", serial="S-1", description="Label missing.")
    of_category = await _tell(world, product="kettle", category="leak", description="Drips.")
    of_words = await _tell(world, product="pan", description="Scalding water spilled on me.")
    of_person = await _tell(world, product="cup", description="Chipped.", complainant={"reference": "P-1"})
    await _tell(world, product="spoon", description="Bent.")

    found = await _similar(world, one, least_score=0)

    assert next(iter(found)) == twin
    assert set(found) == {twin, of_lot, of_serial, of_category, of_words, of_person}
    assert "same_lot" in found[of_lot]
    assert "same_serial" in found[of_serial]
    assert "same_category" in found[of_category]
    assert "shared_words" in found[of_words]
    assert "same_complainant" in found[of_person]
    assert list(await _similar(world, one, limit=1)) == [twin]
    (shown,) = (await world.client("staff").get(f"{PATH}/{one}/similar", params={"limit": 1})).json()["items"]
    assert (shown["number"], shown["site"]) == (twin, "plant-1")
    assert list(await _similar(world, one, least_score=0.9)) == [twin]


async def test_that_the_same_person_complains_is_told_only_with_the_scope_for_it(world: World) -> None:
    person = {"reference": "P-1"}
    one = await _tell(world, complainant=person)
    other = await _tell(world, product="cup", description="Chipped.", complainant=person)
    also = await _tell(world, description="Late.", complainant=person)

    told, shown = [await _similar(world, one, who, least_score=0) for who in ("staff", "reader")]

    assert [name for name in told if "same_complainant" in told[name]] == [also, other]
    assert list(shown) == [also]
    assert "same_complainant" not in shown[also]


async def test_a_key_of_a_source_is_shown_no_similar_complaint_of_another(world: World) -> None:
    one = await _tell(world, lot="L-1", serial="S-1")
    await _tell(world, who="shop", lot="L-1", serial="S-1")

    assert await _similar(world, one, "crm", least_score=0) == {}
    assert len(await _similar(world, one, least_score=0)) == 1
    answer = await world.client("shop").get(f"{PATH}/{one}/similar")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"least_score": 2}, {"least_score": "nan"}, {"colour": "red"}]
)
async def test_a_parameter_that_is_unknown_or_wrong_is_refused(world: World, query: dict[str, Any]) -> None:
    answer = await world.client("staff").get(f"{PATH}/{await _tell(world)}/similar", params=query)

    assert answer.status_code == 400


async def test_words_with_quotes_and_backslashes_are_looked_for_as_they_are(world: World) -> None:
    one = await _tell(world, product="a", description="http://x.example/o'brien\\path?a='b' l'été")
    two = await _tell(world, product="b", description="http://x.example/o'brien\\path?a='b' l'été")

    assert list(await _similar(world, one)) == [two]
