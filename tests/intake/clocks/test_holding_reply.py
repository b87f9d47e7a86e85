"""A holding reply through the API: on record, in the clocks, told, and gone with the person."""

from pathlib import Path

from events.contracts.deadline import DeadlineSetV1
from events.contracts.lifecycle import ComplaintCustomerUpdatedV1
from tests.intake.clocks.test_clocks_kept import clock_of
from tests.intake.clocks.timing import policy_file
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import open_world

SLOW = "The other bank is slow."
REPLY = {"delay_reason": SLOW, "answer_by": "2027-01-05T12:00:00Z"}


async def test_a_holding_reply_gives_more_time_says_why_and_leaves_no_words_after_an_erasure(
    intake_url: str, tmp_path: Path
) -> None:
    policy = policy_file(tmp_path, "financial-services")
    async with open_world(intake_url, tmp_path, clock_policy=policy) as world:
        desk = Desk(world)
        number = await desk.receive(product="payment-app")
        for half in ({"delay_reason": SLOW}, {"answer_by": "2027-01-05T12:00:00Z"}):
            problem = await desk.problem(number, "update-customer", **half)
            assert problem["codes"] == ["missing"]
        problem = await desk.problem(
            number, "update-customer", **REPLY | {"answer_by": "2026-11-20T12:00:00Z"}
        )
        assert problem["codes"] == ["time_before_cause"]
        first = clock_of(await desk.read(number), "payment-response")
        assert (first["extended_at"], first["promised_at"]) == (None, None)

        body = await desk.take(number, "update-customer", **REPLY)

        clock = clock_of(body, "payment-response")
        assert (clock["due_at"], clock["original_due_at"]) == ("2027-01-05T12:00:00Z", first["due_at"])
        assert (clock["extended_at"], clock["promised_at"]) == (
            "2026-11-20T12:00:00Z",
            "2027-01-05T12:00:00Z",
        )
        assert clock["explanation"]["extension"]["because"] == "so much was promised"
        assert clock["generation"] == first["generation"] + 1
        assert (body["handling"]["holding_reply"]["reason"], body["handling"]["last_contact_at"]) == (
            SLOW,
            "2026-11-20T12:00:00Z",
        )
        events = await world.told()
        (told,) = [each.data for each in events if isinstance(each.data, ComplaintCustomerUpdatedV1)]
        assert told.answer_by is not None
        last = [each.data for each in events if isinstance(each.data, DeadlineSetV1)]
        assert ("payment-response", told.answer_by) in {(each.clock, each.due_at) for each in last}
        assert SLOW not in str(events)

        erased = await world.client("privacy").post(
            f"/v1/complaints/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
        )
        assert erased.status_code == 200, erased.text
        assert SLOW not in str([await world.rows("SELECT * FROM complaint_history")])
        assert (await desk.read(number))["handling"]["holding_reply"]["reason"] == ""
        history = (await world.client("staff").get(f"/v1/complaints/{number}/history")).json()
        assert history["intact"]
