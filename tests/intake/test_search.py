"""Finding complaints by words."""

from typing import Any

import pytest

from intake.db.indexing import PostgresSearchIndex
from intake.usecases.index_complaints import IndexComplaints
from tests.intake.world import World, a_complaint

PATH = "/v1/complaints"
TOLD: dict[str, dict[str, Any]] = {
    "A": {"title": "Charged twice", "description": "Für den Kauf wurde zweimal abgebucht."},
    "B": {"description": "I was charged for nothing, and nobody calls back.", "product": "home-loan"},
    "C": {"description": "The kettle leaks.", "product": "kettle", "lot": "L-2026-07", "serial": "SN 12/44"},
    "D-77": {"description": "The cable of the kettle is too hot.", "product": "kettle", "lot": "L-2026-08"},
}


async def _tell(world: World) -> None:
    crm = world.client("crm")
    for external_id, changes in TOLD.items():
        answer = await crm.post(PATH, json=a_complaint(external_id=external_id, **changes))
        assert answer.status_code == 201, answer.text
        world.clock.move(minutes=1)


async def _found(world: World, who: str = "staff", **query: Any) -> list[str]:
    answer = await world.client(who).get(PATH, params={"sort": "number", **query})
    assert answer.status_code == 200, answer.text
    return [item["external_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("charged", ["A", "B"]),
        ("CHARGED twice", ["A"]),
        ("charg", ["A", "B"]),
        ("für", ["A"]),
        ("zweim", ["A"]),
        ("kettle", ["C", "D-77"]),
        ("kettle -cable", ["C"]),
        ("twice or leaks", ["A", "C"]),
        ('"nobody calls"', ["B"]),
        ('"calls nobody"', []),
        ("home-loan", ["B"]),
        ("L-2026-07", ["C"]),
        ("L-2026", ["C", "D-77"]),
        ("SN 12/44", ["C"]),
        ("D-77", ["D-77"]),
        ("C-10003", ["C"]),
        ("c-10003", ["C"]),
        ("10003", ["C"]),
        ("ch", []),
        ("!!!", []),
        ("' ' \\ :* <-> & |", []),
    ],
)
async def test_a_search_finds_words_that_begin_so_wherever_they_stand(
    world: World, q: str, expected: list[str]
) -> None:
    await _tell(world)

    assert await _found(world, q=q) == expected


async def test_a_search_finds_what_an_amendment_says_and_no_longer_what_it_replaced(world: World) -> None:
    await _tell(world)
    await world.client("crm").post(PATH, json=a_complaint(external_id="A", description="Resolved mistake."))

    assert await _found(world, q="abgebucht") == []
    assert await _found(world, q="mistake") == ["A"]


async def test_filters_hold_beside_the_words(world: World) -> None:
    await _tell(world)

    assert await _found(world, q="kettle", lot="L-2026-08") == ["D-77"]
    assert await _found(world, q="kettle", product="home-loan") == []


async def test_a_key_of_a_source_finds_no_words_of_another_source(world: World) -> None:
    await _tell(world)

    assert await _found(world, "shop", q="kettle") == []
    assert await _found(world, "shop", q="C-10003") == []


async def test_a_search_is_read_page_by_page(world: World) -> None:
    await _tell(world)
    staff, seen = world.client("staff"), []
    query: dict[str, Any] = {"q": "ket or charged", "limit": 1}

    while True:
        page = (await staff.get(PATH, params=query)).json()
        seen += [item["external_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == ["D-77", "C", "B", "A"]


async def test_words_that_lie_beyond_the_nearest_complaints_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.db.searching.NEAREST", 2)
    await _tell(world)

    assert await _found(world, q="charged", sort="-number", limit=1) == ["B"]
    assert await _found(world, q="charged", sort="-number") == ["B", "A"]


async def test_a_phrase_of_common_words_is_looked_for_in_so_many_at_a_time_and_found_by_going_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.db.searching.NEAREST", 2)
    monkeypatch.setattr("intake.db.phrases.CHECKED", 3)
    crm = world.client("crm")
    texts = ["pays cash"] + ["cash pays"] * 7
    for nth, text in enumerate(texts):
        await crm.post(PATH, json=a_complaint(external_id=f"P-{nth}", description=f"{text} often"))
    await IndexComplaints(PostgresSearchIndex(world.engine))()
    query: dict[str, Any] = {"q": '"pay cas"', "sort": "-number", "limit": 5}
    pages = []
    while True:
        page = (await world.client("staff").get(PATH, params=query)).json()
        pages.append([item["external_id"] for item in page["items"]])
        assert page["has_more"] == (page["next_cursor"] is not None)
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert pages == [[], [], ["P-0"]]


async def test_the_longest_description_of_the_strangest_words_is_received_and_found(world: World) -> None:
    words = " ".join(f"https://x{n}.example/ä-{n:04}-𠀋" for n in range(1000))[:20_000]
    answer = await world.client("crm").post(PATH, json=a_complaint(external_id="LONG", description=words))
    letters = await world.client("crm").post(
        PATH, json=a_complaint(external_id="ONE", description="𠀋" * 20_000)
    )

    assert (answer.status_code, letters.status_code) == (201, 201)
    assert await _found(world, q="x42.example") == ["LONG"]


async def test_a_search_asks_for_the_plan_that_fits_its_words(world: World) -> None:
    async with world.engine.connect() as connection:
        from intake.db.ordering import Order
        from intake.db.searching import search

        await search(connection, "x", [], Order.of("number"), limit=1)
        mode = (await connection.exec_driver_sql("SHOW plan_cache_mode")).scalar_one()

    assert mode == "force_custom_plan"
    assert (await world.rows("SHOW plan_cache_mode"))[0][0] == "auto"


@pytest.mark.parametrize("q", ["", "   ", "x" * 201, "line\nbreak"])
async def test_words_that_nobody_could_have_typed_are_refused(world: World, q: str) -> None:
    answer = await world.client("staff").get(PATH, params={"q": q})

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "q")
