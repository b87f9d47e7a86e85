"""The steps of complaints, through the API."""

import asyncio
import random
from typing import Any

import pytest

from events.contracts import lifecycle as told
from events.contracts.words import ClosureGround, Severity, Waiting
from intake.domain.lifecycle.words import Step
from tests.intake.lifecycle.desk import ANSWERED, BODIES, Desk
from tests.intake.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


async def test_a_complaint_goes_from_receipt_to_closure_and_each_step_is_told_once(
    world: World, desk: Desk
) -> None:
    number = await desk.receive()
    await desk.triaged(number)
    await desk.take(number, "acknowledge", *ANSWERED, "customer-accepts")

    body = await desk.take(number, "close", who="quality", note="Flurb")

    assert (body["state"], body["version"]) == ("closed", 8)
    assert body["handling"]["closure"] == {
        "at": "2026-11-20T12:00:00Z",
        "by": "person:quinn.hale",
        "code": "resolved",
        "ended_by": "accepted",
        "policy_version": "1",
        "note": "Flurb",
    }
    events = await world.told()
    assert [type(event.data) for event in events[1:]] == [
        told.ComplaintAcknowledgedV1,
        told.ComplaintAssessedV1,
        told.ComplaintInvestigationStartedV1,
        told.ComplaintRespondedV1,
        told.ComplaintCustomerAcceptedV1,
        told.ComplaintClosedV1,
    ]
    assert [event.version for event in events] == [1, 2, 3, 5, 6, 7, 8]
    last = events[-1].data
    assert isinstance(last, told.ComplaintClosedV1)
    assert (last.ground, last.severity, last.run) == (ClosureGround.ACCEPTED, Severity.MAJOR, 1)
    assert {event.correlation_id for event in events} == {events[0].correlation_id}


async def test_no_text_that_people_wrote_travels_in_an_event_or_stands_in_the_chain(
    world: World, desk: Desk
) -> None:
    number = await desk.receive()
    await desk.take(number, "assess", note="Flurb")
    await desk.take(number, "assign", note="Flurb")
    await desk.take(number, "wait-for-customer", awaited="Flurb")
    await desk.take(number, "start-investigation")
    await desk.take(number, "respond", reply="Flurb", finding="Flurb", capa_rationale="Flurb")
    await desk.take(number, "customer-rejects", reason="Flurb")
    await desk.take(number, "withdraw", reason="Flurb")

    raw = b"".join(bytes(row.headers) + bytes(row.value) for row in await world.rows("SELECT * FROM outbox"))
    assert b"Flurb" not in raw
    chain = await world.rows("SELECT changes::text, reason, withheld::text FROM complaint_history")
    assert not [row for row in chain if "Flurb" in row.changes + row.reason]
    assert len([row for row in chain if "Flurb" in (row.withheld or "")]) == 6


async def test_the_history_of_steps_holds_and_still_does_when_its_texts_are_erased(
    world: World, desk: Desk
) -> None:
    number = await desk.receive()
    await desk.take(number, "assess", note="Seen.")
    await desk.take(number, "reject")
    await desk.take(number, "overrule-rejection", who="quality")

    before = (await world.client("staff").get(f"/v1/complaints/{number}/history")).json()
    assert (before["intact"], [item["action"] for item in before["items"]]) == (
        True,
        ["received", "assessed", "rejected", "reopened"],
    )
    assert before["items"][2]["withheld"]["reason"] == [None, "A question."]
    erased = await world.client("privacy").post(
        f"/v1/complaints/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
    )
    assert erased.status_code == 200, erased.text
    assert erased.json()["erased"][-2:] == ["handling", "history"]
    after = (await world.client("staff").get(f"/v1/complaints/{number}/history")).json()
    assert after["intact"]
    assert [item["withheld"] for item in after["items"]] == [None] * 5


async def test_a_refused_step_says_which_rule_what_is_missing_and_what_is_possible(desk: Desk) -> None:
    number = await desk.receive()
    await desk.take(number, "assess")

    problem = await desk.problem(number, "start-investigation")

    assert (problem["status"], problem["type"].rpartition("/")[2]) == (409, "step-refused")
    assert (problem["step"], problem["state"]) == ("start-investigation", "assessed")
    assert problem["missing"] == [
        {"code": "owner_missing", "detail": "Nobody owns the complaint.", "fix": "assign an owner"}
    ]
    assert problem["codes"] == ["owner_missing"]
    assert problem["allowed_steps"] == (await desk.read(number, "owner"))["allowed_steps"]


async def test_a_read_says_what_is_missing_for_each_step_that_is_not_possible(desk: Desk) -> None:
    number = await desk.receive()

    body = await desk.read(number)

    refused = {each["step"]: [one["code"] for one in each["missing"]] for each in body["refused_steps"]}
    assert set(body["allowed_steps"]) | set(refused) == {step.value for step in Step}
    assert set(body["allowed_steps"]).isdisjoint(refused)
    assert (refused["close"], refused["end-waiting"]) == (["state_not_allowed"], ["not_waiting"])
    reader = await desk.read(number, "reader")
    assert reader["allowed_steps"] == []
    assert {one["code"] for each in reader["refused_steps"] for one in each["missing"]} == {"scope_missing"}


async def test_lists_and_receipts_say_which_steps_are_possible_too(world: World, desk: Desk) -> None:
    number = await desk.receive(external_id="X-1")
    await desk.take(number, "assess")
    single = await desk.read(number, "owner")

    (listed,) = (await world.client("owner").get("/v1/complaints")).json()["items"]

    assert listed["allowed_steps"] == single["allowed_steps"]
    assert "refused_steps" not in listed
    body = {**{name: single[name] for name in ("channel", "reported_severity", "product", "description")}}
    told_again = await world.client("crm").post("/v1/complaints", json={**body, "external_id": "X-1"})
    assert told_again.json()["allowed_steps"] == ["withdraw"]


async def test_every_step_needs_the_version_that_was_read(desk: Desk) -> None:
    number, _ = await desk.receive(), await desk.receive()
    for step, body in BODIES.items():
        path = f"/v1/complaints/{number}/{step}"
        unsaid = await desk.world.client("quality").post(path, json=dict(body))
        stale = await desk.attempt(number, step, "quality", version='"v7"')
        assert (unsaid.status_code, stale.status_code, stale.headers.get("etag")) == (428, 412, '"v1"'), step


async def test_of_two_who_take_a_step_at_once_one_is_told_that_it_changed(desk: Desk) -> None:
    number = await desk.receive()

    answers = await asyncio.gather(
        *(desk.attempt(number, "assign", version='"v1"', owner=owner) for owner in ("a", "b", "c"))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


async def test_a_step_with_bad_values_is_422_and_names_each(desk: Desk) -> None:
    number = await desk.receive()
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("assess", {"severity": "dreadful"}, "/severity"),
        ("assess", {"safety_flag": None}, "/safety_flag"),
        ("assess", {"reportability": "yes"}, "/report_to"),
        ("assign", {"owner": "two words"}, "/owner"),
        ("reject", {"reason": " "}, "/reason"),
        ("acknowledge", {"at": "2026-11-20T11:00:00Z"}, "/at"),
        ("acknowledge", {"at": "2026-12-20T11:00:00Z"}, "/at"),
        ("acknowledge", {"unheard": 1}, "/unheard"),
    ]
    for step, changes, pointer in bad:
        problem = await desk.problem(number, step, **changes)
        assert problem["status"] == 422
        assert pointer in [error["pointer"] for error in problem["errors"]]
        assert all(error["detail"] and error["fix"] for error in problem["errors"])


async def test_a_duplicate_is_linked_answered_for_itself_and_never_chained(desk: Desk) -> None:
    first, second, third = [await desk.receive() for _ in range(3)]

    body = await desk.take(first, "link", master=second)

    assert (body["state"], body["handling"]["duplicate_of"]["number"]) == ("linked", second)
    assert (await desk.problem(second, "link", master=third))["codes"] == ["has_duplicates"]
    assert (await desk.problem(third, "link", master=first))["codes"] == ["duplicate_chain"]
    assert (await desk.problem(third, "link", master=third))["codes"] == ["duplicate_of_itself"]
    missing = await desk.attempt(third, "link", master="C-99999")
    assert (missing.status_code, missing.json()["type"].rpartition("/")[2]) == (
        422,
        "no-such-other-complaint",
    )
    await desk.take(first, "acknowledge")
    answered = await desk.take(first, "respond", finding=None, capa_required=None, capa_rationale=None)
    assert (answered["state"], answered["handling"]["response"]["reply"]) == ("linked", "We return it.")


async def test_two_that_are_linked_to_each_other_at_once_make_no_chain(desk: Desk) -> None:
    one, other = await desk.receive(), await desk.receive()

    answers = await asyncio.gather(
        desk.attempt(one, "link", master=other), desk.attempt(other, "link", master=one)
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    states = {(await desk.read(number))["state"] for number in (one, other)}
    assert states == {"linked", "received"}


async def test_an_earlier_investigation_is_used_once_its_finding_is_on_record(desk: Desk) -> None:
    earlier, later = await desk.receive(), await desk.receive()
    await desk.take(later, "assess")
    refused = await desk.problem(later, "waive-investigation", "quality", reuses=earlier)
    assert refused["codes"] == ["investigation_not_reusable"]
    await desk.take(earlier, *ANSWERED)

    body = await desk.take(later, "waive-investigation", who="quality", reuses=earlier)

    assert body["handling"]["waiver"]["reused_number"] == earlier
    assert (await desk.take(later, "respond"))["state"] == "responded"


async def test_a_complaint_that_is_major_is_not_closed_by_its_owner(desk: Desk) -> None:
    number = await desk.receive()
    await desk.triaged(number)
    await desk.take(number, "assess")
    await desk.take(number, "assign", who="quality", owner="quinn.hale")
    await desk.take(number, "start-investigation", "respond", "customer-accepts")

    assert (await desk.problem(number, "close", "quality"))["codes"] == ["approver_is_investigator"]

    await desk.take(number, "assess", severity="minor")
    assert (await desk.take(number, "close", who="quality"))["state"] == "closed"


async def test_what_is_undecided_keeps_a_complaint_open_and_open_corrective_work_does_not(desk: Desk) -> None:
    number = await desk.receive()
    await desk.take(number, *ANSWERED, "customer-accepts")
    assert (await desk.problem(number, "close", "quality"))["codes"] == ["triage_pending"]
    await desk.triaged(number, "raised")
    assert (await desk.problem(number, "close", "quality"))["codes"] == ["nonconformity_undecided"]
    await desk.dispositioned(number)
    assert (await desk.take(number, "close", who="quality"))["state"] == "closed"


async def test_a_complaint_can_be_closed_once_the_customer_has_been_silent_for_the_period(desk: Desk) -> None:
    number = await desk.receive()
    await desk.triaged(number)
    await desk.take(number, *ANSWERED)
    assert "close" not in (await desk.read(number))["allowed_steps"]
    desk.world.clock.move(days=28)
    assert "close" in (await desk.read(number))["allowed_steps"]
    closed = await desk.take(number, "close", who="quality", closure_code="no_reply")
    assert closed["handling"]["closure"]["ended_by"] == "period_over"


async def test_the_complainants_word_is_handed_over_by_the_source_system(desk: Desk) -> None:
    number = await desk.receive()
    await desk.take(number, *ANSWERED)
    assert (await desk.take(number, "customer-rejects", who="crm"))["state"] == "investigating"
    await desk.take(number, "respond")
    assert (await desk.take(number, "customer-accepts", who="crm"))["handling"]["accepted_at"]
    assert (await desk.take(number, "withdraw", who="crm"))["state"] == "withdrawn"
    assert (await desk.attempt(number, "reopen", "crm")).status_code == 403


async def test_waiting_for_the_customer_is_told_when_it_begins_and_when_it_ends(
    world: World, desk: Desk
) -> None:
    number = await desk.receive()
    waiting = await desk.take(number, "wait-for-customer")
    assert waiting["handling"]["waiting_since"] == "2026-11-20T12:00:00Z"
    assert (await desk.problem(number, "wait-for-customer"))["codes"] == ["waiting_already"]
    world.clock.move(hours=5)
    assert (await desk.take(number, "end-waiting"))["handling"]["waiting_since"] is None
    updates = [event.data for event in await world.told()][1:]
    assert [data.waiting for data in updates if isinstance(data, told.ComplaintCustomerUpdatedV1)] == [
        Waiting.BEGAN,
        Waiting.ENDED,
    ]


async def test_what_was_judged_stands_once_a_complaint_has_ended_and_its_source_may_still_tell_more(
    world: World, desk: Desk
) -> None:
    number = await desk.receive(external_id="X-1")
    await desk.take(number, "withdraw")
    path, staff = f"/v1/complaints/{number}", world.client("staff")
    headers = {"If-Match": "*"}

    refused = await staff.patch(path, json={"reason": "r", "product": "loan"}, headers=headers)
    kept = await staff.patch(path, json={"reason": "r", "complainant": {"name": "Ada"}}, headers=headers)
    again = await world.client("crm").post(
        "/v1/complaints",
        json={
            "channel": "phone",
            "reported_severity": "critical",
            "product": "loan",
            "description": "More.",
            "external_id": "X-1",
        },
    )

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (409, "/product")
    assert (kept.status_code, kept.json()["complainant"]["name"]) == (200, "Ada")
    assert (again.json()["outcome"], again.json()["state"]) == ("amended", "withdrawn")


async def test_one_complaint_per_source_record_whatever_is_done_about_it(world: World, desk: Desk) -> None:
    number = await desk.receive(external_id="X-1")
    body = {"channel": "phone", "reported_severity": "major", "product": "credit-card", "external_id": "X-1"}
    crm = world.client("crm")

    answers = await asyncio.gather(
        *(crm.post("/v1/complaints", json={**body, "description": "I was charged twice."}) for _ in range(3)),
        desk.attempt(number, "assess"),
        *(crm.post("/v1/complaints", json={**body, "description": "More."}) for _ in range(3)),
    )

    assert {answer.status_code for answer in answers} == {200}
    assert await world.count("complaint") == 1
    after = await desk.read(number)
    assert (after["state"], after["handling"]["assessment"]["severity"]) == ("assessed", "major")
    versions = [event.version for event in await world.told()]
    assert versions == list(range(1, after["version"] + 1))
    assert (await world.client("staff").get(f"/v1/complaints/{number}/history")).json()["intact"]


async def test_complaints_are_found_by_owner_team_severity_and_state(world: World, desk: Desk) -> None:
    first, second = await desk.receive(), await desk.receive()
    await desk.take(first, "assess", "assign")
    await desk.take(second, "assign", owner="bert", team=None)

    async def found(**query: Any) -> list[str]:
        answer = await world.client("reader").get("/v1/complaints", params=query)
        return sorted(item["number"] for item in answer.json()["items"])

    assert await found(owner="otto.owner") == [first]
    assert await found(owner=["otto.owner", "bert"]) == [first, second]
    assert await found(team="credit", severity="major", state="assessed") == [first]
    assert await found(owner="bert", severity="major") == []


@pytest.mark.parametrize("seed", range(2))
async def test_allowed_steps_are_exactly_those_that_succeed(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a path through the lifecycle, the same at each run
    number = await desk.receive()
    await desk.receive()  # the master that steps name
    reached = set()
    for turn in range(40):
        body = await desk.read(number)
        reached.add(body["state"])
        allowed = body["allowed_steps"]
        # Mostly what is possible, so that the path gets on; else whatever it is.
        step = chance.choice(allowed if allowed and turn % 3 else sorted(BODIES))
        changes: dict[str, Any] = {}
        if step == "assign":
            changes["owner"] = f"owner-{turn}"
        if step == "file-report":
            changes["reference"] = f"R-{turn}"
        if step == "assess":
            reportable = chance.random() < 0.5
            changes = {"reportability": "yes", "report_to": ["authority"]} if reportable else {}
        answer = await desk.attempt(number, step, "quality", version=f'"v{body["version"]}"', **changes)
        assert (answer.status_code == 200) == (step in allowed), (step, answer.text)
        if answer.status_code != 200:
            assert answer.json()["missing"]
        if turn == 10:
            await desk.triaged(number)
        desk.world.clock.move(hours=30)
    assert len(reached) > 4
