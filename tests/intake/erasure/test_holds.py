"""A hold keeps what somebody still needs."""

from tests.intake.erasure.erika import PATH, erase, hold, post
from tests.intake.world import World


async def test_a_hold_refuses_erasure_and_says_why_and_until_when(world: World) -> None:
    number = (await post(world))["number"]
    placed = await hold(world, number, until="2026-12-24T00:00:00Z")
    assert (placed.status_code, placed.json()["hold"]["placed_by"]) == (200, "person:petra.privacy")

    refused = await erase(world, number)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "erasure-held")
    assert "2026-12-24" in refused.json()["detail"]
    assert "Lawsuit 7 O 118/26" in refused.json()["detail"]
    person = {"source_system": "crm", "reference": "K-4711", "reason": "Request"}
    told = (await world.client("privacy").post("/v1/complainants/erasure", json=person)).json()["items"][0]
    assert (told["outcome"], told["reason"], told["until"]) == (
        "held",
        "Lawsuit 7 O 118/26",
        "2026-12-24T00:00:00Z",
    )

    world.clock.move(days=40)
    assert (await erase(world, number)).status_code == 200


async def test_a_hold_ends_when_it_is_released_and_the_history_keeps_both(world: World) -> None:
    number, privacy = (await post(world))["number"], world.client("privacy")
    await hold(world, number)
    await hold(world, number)
    await hold(world, number, reason="Lawsuit 8 O 1/27")
    assert (await privacy.get(f"{PATH}/{number}/hold")).json()["hold"]["reason"] == "Lawsuit 8 O 1/27"
    for _ in range(2):
        released = await privacy.delete(f"{PATH}/{number}/hold", params={"reason": "settled"})
        assert (released.status_code, released.json()) == (200, {"hold": None})
    assert (await erase(world, number)).status_code == 200

    history = (await world.client("staff").get(f"{PATH}/{number}/history")).json()
    assert history["intact"]
    assert [(item["action"], item["reason"]) for item in history["items"][1:]] == [
        ("held", "Lawsuit 7 O 118/26"),
        ("held", "Lawsuit 8 O 1/27"),
        ("hold_released", "settled"),
        ("erased", "Request under Article 17"),
    ]


async def test_a_hold_in_the_past_is_refused(world: World) -> None:
    number = (await post(world))["number"]
    answer = await hold(world, number, until="2026-11-01T00:00:00Z")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "hold-over")
