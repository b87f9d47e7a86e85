"""Cases over HTTP, from the request to the closing, each step by whom it belongs to."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from capa.__main__ import verify_signatures
from capa.domain.case.signing import faults
from capa.jobs.run_monitoring import RunMonitoring
from capa.usecases.end_monitoring import EndMonitoring
from common.history import Entry, first_break
from common.ids import new_id
from tests.capa.test_announce_again import told_again
from tests.capa.world import MONDAY, World, a_complaint
from tests.identity.cases import CASE_STEPS


@dataclass
class Desk:
    """The people who work on a case, each with a key of their own."""

    world: World
    people: Mapping[str, httpx.AsyncClient]

    async def take(self, step: str, by: str = "anna", *, expect: int = 200, **changes: Any) -> dict[str, Any]:
        body = {**CASE_STEPS[step][1], **changes}
        caller = self.people[by]
        if "signature" in body:
            key = str(caller.headers["authorization"]).removeprefix("Bearer ")
            body["signature"] = {"printed_name": f"{by} X", "credential": key, **changes.get("signature", {})}
        answer = await caller.post(f"/v1/cases/CA-1001/{step}", json=body, headers={"If-Match": "*"})
        assert answer.status_code == expect, answer.text
        return dict(answer.json())

    async def read(self, path: str = "/v1/cases/CA-1001", by: str = "anna") -> dict[str, Any]:
        answer = await self.people[by].get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def post(
        self, path: str, body: Mapping[str, Any], by: str = "anna", *, expect: int = 200
    ) -> dict[str, Any]:
        answer = await self.people[by].post(path, json=body, headers={"If-Match": "*"})
        assert answer.status_code == expect, answer.text
        return dict(answer.json())

    async def request(self, **changes: Any) -> dict[str, Any]:
        body = {
            "title": "Wrong fees",
            "product": "credit-card",
            "category": "billing-dispute",
            "severity": "major",
        }
        return await self.post("/v1/cases", body | changes, "vera", expect=201)

    async def investigate(self) -> list[str]:
        """Everything that a plan needs but the actions; gives the causes."""
        await self.take("describe-problem")
        for kind in ("root", "escape"):
            case = await self.take("record-cause", kind=kind)
            await self.take("verify-cause", cause_id=case["causes"][-1]["id"])
        await self.take("answer-similar")
        case = await self.take("plan-effectiveness")
        return [cause["id"] for cause in case["causes"]]

    async def end_monitoring(self) -> int:
        core = self.world.core
        return await RunMonitoring(
            EndMonitoring(core.start_work, core.clock, core.case_announcer, core.case_policy)
        ).once()


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        people = {
            person: await stack.enter_async_context(world.caller(tmp_path, person=person))
            for person in ("anna", "quinn", "bert", "vera")
        }
        yield Desk(world, people)


def types(told: list[Any]) -> list[str]:
    return [each.type.removeprefix("redress.").removesuffix(".v1") for each in told]


async def a_nonconformity(desk: Desk) -> str:
    await desk.world.triage(a_complaint())
    return str((await desk.read("/v1/nonconformities/NC-1001"))["id"])


async def test_a_case_goes_from_request_to_closing_and_everything_is_told_signed_and_on_record(
    desk: Desk,
) -> None:
    nonconformity = await a_nonconformity(desk)
    await desk.world.run("DELETE FROM outbox")
    asked = await desk.request(nonconformity_ids=[nonconformity])
    assert (asked["number"], asked["state"]) == ("CA-1001", "requested")
    team = [{"person": "bert", "role": "engineer"}]
    accepted = await desk.take("accept", "quinn", team=team, recurrence="repeated")
    assert (accepted["risk"]["level"], accepted["due_at"]) == ("medium", accepted["original_due_at"])
    await desk.take("start-containment")
    action = {"kind": "containment", "title": "sort the letters", "owner": "bert", "due": "1wd"}
    await desk.post("/v1/cases/CA-1001/actions", action, expect=201)
    assert "containment_open" in reasons(await desk.read(), "contain")
    await desk.post("/v1/actions/A-1002/complete", {"evidence": "sorted, list 7"}, "bert")
    await desk.take("contain", needed=True, explanation="a sample of 50 is clean")
    causes = await desk.investigate()
    plan = {"kind": "corrective", "title": "review monthly", "owner": "bert", "due": "10wd", "causes": causes}
    planned = await desk.post("/v1/cases/CA-1001/actions", plan, expect=201)
    assert planned["state"] == "planned"
    await desk.take("submit-plan")
    await desk.take("approve-plan", "anna", expect=409)
    approved = await desk.take("approve-plan", "quinn")
    assert [each["state"] for each in approved["actions"]] == ["completed", "open"]
    await desk.post("/v1/actions/A-1003/complete", {"evidence": "in the calendar"}, "bert")
    await desk.take("report-implemented")
    assert "actions_not_verified" in reasons(await desk.read(by="vera"), "verify")
    for number in ("A-1002", "A-1003"):
        await desk.post(f"/v1/actions/{number}/verify", {"statement": "seen"}, "vera")
    verified = await desk.take("verify", "vera")
    assert verified["state"] == "monitoring"
    assert await desk.end_monitoring() == 0
    desk.world.clock.forward(days=90)
    assert await desk.end_monitoring() == 1
    await desk.take("review-effectiveness", "vera")
    closed = await desk.take("close", "quinn")
    assert (closed["state"], closed["warnings"]) == ("closed_effective", [])
    assert [each["covers"] for each in closed["signatures"]] == ["plan", "effectiveness", "closure"]
    assert all(each["voided_at"] is None for each in closed["signatures"])
    told = await desk.world.announced()
    assert [each for each in types(told) if each.startswith(("case", "action"))] == [
        "case.requested",
        "case.accepted",
        "action.assigned",
        "action.completed",
        "case.contained",
        "case.root_cause_verified",
        "case.root_cause_verified",
        "case.plan_approved",
        "action.assigned",
        "action.completed",
        "case.implemented",
        "action.verified",
        "action.verified",
        "case.verified",
        "case.monitoring_started",
        "case.effectiveness_decided",
        "case.closed",
    ]
    assert {each.key for each in told} == {asked["id"]}
    of_case = [each.data.clock for each in told if each.type == "redress.deadline.set.v1"]
    assert of_case == [
        "screen", "contain", "complete", "complete", "investigate", "approve", "complete", "verify", "review",
    ]  # fmt: skip
    await history_holds(desk)
    assert (await desk.read("/v1/nonconformities/NC-1001"))["cases"][0]["number"] == "CA-1001"


def reasons(case: Mapping[str, Any], step: str) -> list[str]:
    return [
        each["code"]
        for refused in case["refused_steps"]
        if refused["step"] == step
        for each in refused["because"]
    ]


async def history_holds(desk: Desk) -> None:
    rows = await desk.world.run(
        "SELECT history.* FROM history JOIN corrective_case ON id = thing_id ORDER BY position"
    )
    entries = [
        Entry(row.position, row.at, row.actor, row.action, row.changes, row.reason, row.previous, row.hash)
        for row in rows
    ]
    assert first_break(entries) is None
    forged = replace(entries[3], reason="because")
    assert first_break([*entries[:3], forged, *entries[4:]]) == 4


async def brought_to_plan(desk: Desk) -> None:
    """A case of great risk whose plan waits for its approval."""
    nonconformity = await a_nonconformity(desk)
    await desk.request(nonconformity_ids=[nonconformity])
    await desk.take("accept", "quinn", team=[{"person": "bert", "role": "engineer"}])
    await desk.take("start-containment")
    await desk.take("contain")
    causes = await desk.investigate()
    plan = {"kind": "corrective", "title": "review monthly", "owner": "bert", "due": "10wd", "causes": causes}
    await desk.post("/v1/cases/CA-1001/actions", plan, expect=201)
    await desk.take("submit-plan")


async def test_signatures_are_read_with_what_was_signed_and_checked_without_the_system(desk: Desk) -> None:
    await brought_to_plan(desk)
    await desk.take("approve-plan", "quinn")
    found = await desk.read("/v1/cases/CA-1001/signatures")
    (part,) = found["signatures"]
    signature = part["signature"]
    assert faults(found["number"], signature, part["document"]) == []
    assert (signature["signer"], signature["printed_name"], signature["meaning"]) == (
        "person:quinn",
        "quinn X",
        "approval",
    )
    assert faults(found["number"], signature, part["document"] | {"problem": None}) != []


async def test_a_command_checks_saved_signatures_and_finds_what_was_changed(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await brought_to_plan(desk)
    await desk.take("approve-plan", "quinn")
    found = await desk.read("/v1/cases/CA-1001/signatures")
    saved, forged = tmp_path / "saved.json", tmp_path / "forged.json"
    saved.write_text(json.dumps(found))
    forged.write_text(json.dumps(found).replace("review monthly", "review yearly"))
    assert [verify_signatures(file) for file in (saved, forged, tmp_path / "none.json")] == [0, 1, 2]
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(": fits")
    assert said[1].endswith("the signed part is not the one that was signed")


async def test_a_change_of_the_signed_plan_voids_the_signature_and_wants_a_new_one(desk: Desk) -> None:
    await brought_to_plan(desk)
    await desk.take("approve-plan", "quinn")
    further = {"kind": "preventive", "title": "train the desk", "owner": "bert", "due": "10wd"}
    await desk.post("/v1/cases/CA-1001/actions", further, expect=201)
    case = await desk.read()
    assert case["signatures"][0]["voided_at"] is not None
    assert "plan_not_approved" in reasons(case, "report-implemented")
    again = await desk.take("approve-plan", "quinn")
    assert [each["voided_at"] is None for each in again["signatures"]] == [False, True]
    await desk.post("/v1/actions/A-1003/cancel", {"reason": "not needed"})
    assert "plan_not_approved" in reasons(await desk.read(), "report-implemented")


@pytest.mark.parametrize("credential", ["of_another", "mistyped"])
async def test_a_signature_needs_the_signers_own_credential_again(desk: Desk, credential: str) -> None:
    await brought_to_plan(desk)
    other = str(desk.people["vera"].headers["authorization"]).removeprefix("Bearer ")
    given = {"credential": other if credential == "of_another" else other[:-1] + "!"}
    refused = await desk.take("approve-plan", "quinn", expect=422, signature=given)
    assert refused["errors"][0]["pointer"] == "/signature/credential"
    assert other not in str(refused)


async def test_a_refused_step_names_all_that_is_missing_and_the_steps_that_are_possible(desk: Desk) -> None:
    await desk.request()
    await desk.take("accept", "quinn")
    refused = await desk.take("start-containment", expect=409)
    assert [each["code"] for each in refused["errors"]] == ["team_missing", "source_missing"]
    assert "Steps possible now: " in refused["detail"]


async def test_the_same_is_looked_for_elsewhere_in_open_and_closed_records(desk: Desk) -> None:
    own = await a_nonconformity(desk)
    await desk.world.triage(a_complaint(product="mortgage", number="C-2"))
    await desk.world.triage(a_complaint(product="mortgage", category="other", number="C-3"))
    await desk.request(nonconformity_ids=[own])
    await desk.request(title="Another", category="other")
    found = (await desk.read("/v1/cases/CA-1001/similar"))["items"]
    assert [(each["number"], each["reasons"]) for each in found] == [
        ("CA-1002", ["same_product"]),
        ("NC-1002", ["same_category"]),
    ]


async def test_an_answer_may_only_link_records_that_exist(desk: Desk) -> None:
    own = await a_nonconformity(desk)
    await desk.request(nonconformity_ids=[own])
    await desk.take("accept", "quinn", team=[{"person": "bert", "role": "engineer"}])
    await desk.take("start-containment")
    await desk.take("contain")
    unknown = [{"kind": "case", "id": str(new_id())}]
    refused = await desk.take("answer-similar", expect=422, found=True, links=unknown)
    assert refused["errors"][0]["code"] == "link_unknown"
    links = [{"kind": "nonconformity", "id": own}]
    assert (await desk.take("answer-similar", found=True, links=links))["similar"]["links"] == links


async def test_what_came_back_gets_a_successor_only_of_an_ended_case(desk: Desk) -> None:
    first = await desk.request()
    body = {"title": "again", "product": "credit-card", "category": "fees", "severity": "major"}
    await desk.post("/v1/cases", body | {"recurrence_of": first["id"]}, expect=422)
    await desk.take("reject", "quinn")
    successor = await desk.post("/v1/cases", body | {"recurrence_of": first["id"]}, expect=201)
    assert successor["correlation_id"] == first["correlation_id"]
    listed = await desk.read(f"/v1/cases?recurrence_of={first['id']}")
    assert [each["number"] for each in listed["items"]] == ["CA-1002"]


async def test_cases_are_filtered(desk: Desk) -> None:
    own = await a_nonconformity(desk)
    await desk.request(nonconformity_ids=[own])
    desk.world.clock.forward(hours=1)
    await desk.request(product="mortgage", severity="critical")
    await desk.take("accept", "quinn", severity="major")
    desk.world.clock.now = MONDAY + timedelta(days=2, hours=8)
    for query, expected in (
        ("", ["CA-1002", "CA-1001"]),
        ("state=accepted", ["CA-1001"]),
        ("product=mortgage", ["CA-1002"]),
        ("severity=critical", ["CA-1002"]),
        ("risk=medium", ["CA-1001"]),
        ("owner=anna&approver=quinn", ["CA-1001"]),
        (f"nonconformity_id={own}", ["CA-1001"]),
        ("overdue=true", ["CA-1002"]),
        ("overdue=false", ["CA-1001"]),
        ("category=unheard-of", []),
    ):
        listed = await desk.read(f"/v1/cases?{query}")
        assert [each["number"] for each in listed["items"]] == expected, query


async def test_a_cancelled_case_takes_its_open_actions_with_it(desk: Desk) -> None:
    await brought_to_plan(desk)
    await desk.take("approve-plan", "quinn")
    cancelled = await desk.take("cancel", "quinn")
    assert (cancelled["state"], cancelled["deadlines"]) == ("cancelled", [])
    assert [each["state"] for each in cancelled["actions"]] == ["cancelled"]
    told = types(await desk.world.announced())
    assert told[-2:] == ["action.cancelled", "deadline.voided"]


async def test_a_step_on_an_older_version_is_refused(desk: Desk) -> None:
    await desk.request()
    body = CASE_STEPS["reject"][1]
    answer = await desk.people["quinn"].post(
        "/v1/cases/CA-1001/reject", json=body, headers={"If-Match": '"v7"'}
    )
    assert answer.status_code == 412


async def test_extensions_are_told_and_move_the_deadline_of_the_case(desk: Desk) -> None:
    await desk.request()
    accepted = await desk.take("accept", "quinn")
    await desk.world.run("DELETE FROM outbox")
    later = (MONDAY + timedelta(days=200)).isoformat()
    await desk.take("request-extension", due_at=later)
    await desk.take("decide-extension", "anna", expect=409)
    granted = await desk.take("decide-extension", "quinn")
    assert (granted["original_due_at"], granted["due_changes"]) == (accepted["due_at"], 1)
    told = await desk.world.announced()
    assert types(told) == ["extension.requested", "extension.decided", "deadline.set"]
    assert told[1].data.original_due_at.isoformat() == accepted["due_at"].replace("Z", "+00:00")
    assert (told[2].data.clock, told[2].data.due_at.isoformat()) == ("complete", later)


def without_link(event: Any) -> Any:
    """What an event says, but for the address that a caller of a test has and a worker has not."""
    return event.data.model_dump(exclude={"link"})


async def test_a_case_is_told_again_as_it_stands_with_the_clocks_that_run(desk: Desk) -> None:
    await brought_to_plan(desk)
    told = [without_link(each) for each in await desk.world.announced()]
    again = await told_again(desk.world, "cases")
    assert types(list(again)) == [
        "case.requested",
        "case.accepted",
        "case.contained",
        "case.root_cause_verified",
        "case.root_cause_verified",
        "deadline.set",
        "deadline.set",
    ]
    assert all(without_link(each) in told for each in again)
    assert len(await told_again(desk.world, "cases", since=desk.world.clock.forward(days=1))) == 0


async def test_a_planned_action_is_nobodys_work_and_is_not_told_again(desk: Desk) -> None:
    await brought_to_plan(desk)
    assert [each.data.parent_kind for each in await told_again(desk.world, "actions")] == [
        "nonconformity"
    ] * 2
