"""Erasing the person leaves what was done about the complaint, and no step brings the person back."""

from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from intake.domain.errors import ComplaintErased
from intake.domain.lifecycle import commands
from intake.domain.lifecycle.forgetting import TEXTS, forgotten
from intake.domain.lifecycle.guards import Case
from intake.domain.lifecycle.handling import Handling
from intake.domain.lifecycle.records import written
from intake.domain.lifecycle.steps import RULES
from intake.domain.lifecycle.taking import take
from intake.domain.lifecycle.words import Obstacle, Step
from tests.intake.lifecycle.desk import ANSWER, ANSWERED, Desk
from tests.intake.lifecycle.examples import GOOD, QUINN, a_case, at
from tests.intake.lifecycle.test_rules import after, refused
from tests.intake.world import NOON, World

CODES = {
    "authority",
    "body",
    "by",
    "capa_reference",
    "category",
    "code",
    "investigators",
    "master_number",
    "owner",
    "policy_version",
    "reference",
    "report_to",
    "reused_number",
    "team",
}
"""What is no text: codes, numbers, and the ids of those who work here."""


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def text_fields(kind: Any) -> set[str]:
    """The names of all strings in a value and in those that it is made of."""
    found: set[str] = set()
    for field in fields(kind):
        hint = get_type_hints(kind)[field.name]
        while get_origin(hint) in {Union, UnionType, tuple}:
            hint = get_args(hint)[0]
        if is_dataclass(hint):
            found |= text_fields(hint)
        elif hint is str:
            found.add(field.name)
    return found


def erased(case: Case) -> Case:
    return replace(case, complaint=replace(case.complaint, erased_at=NOON), handling=forgotten(case.handling))


def test_every_string_of_a_handling_is_either_a_text_that_goes_or_a_code_that_stays() -> None:
    assert text_fields(Handling) == TEXTS | CODES


def test_texts_go_and_everything_else_of_a_handling_stays() -> None:
    case = after(a_case(), *(Step(name) for name in ANSWERED), Step.RECORD_CONTACT_ATTEMPT)

    left = written(forgotten(case.handling))

    before = written(case.handling)
    assert left["response"] == {
        **before["response"],  # type: ignore[dict-item]  # JSON
        "reply": "",
        "finding": "",
        "capa_rationale": "",
    }
    assert left["assessment"] == {**before["assessment"], "note": ""}  # type: ignore[dict-item]  # JSON
    assert {name: left[name] for name in left if name not in {"response", "assessment"}} == {
        name: before[name] for name in before if name not in {"response", "assessment"}
    }


PERSONAL = {
    (command.step, name)
    for command in GOOD.values()
    for name in ("note", "reply", "reason")
    if hasattr(command, name) and (name != "reason" or command.step is Step.WITHDRAW)
}


@pytest.mark.parametrize(("step", "name"), sorted(PERSONAL))
def test_a_text_near_the_person_is_refused_by_its_name(step: Step, name: str) -> None:
    ready = {
        Step.CLOSE: (*ANSWERED, "customer-accepts"),
        Step.REFER: ANSWERED,
        Step.CUSTOMER_ACCEPTS: ANSWERED,
        Step.RECORD_CONTACT_ATTEMPT: ANSWERED,
        Step.RESPOND: ANSWERED[:-1],
        Step.END_WAITING: ("wait-for-customer",),
    }.get(step, ())
    case = erased(after(a_case(), *(Step(each) for each in ready)))
    plain: Any = GOOD[step]
    empty: dict[str, str | None] = {
        field.name: None for field in fields(plain) if field.name in {"note", "reply"}
    }
    if step is Step.RESPOND:
        empty["reply_reference"] = "L-7"
    other = commands.Other(
        id=UUID(int=2), number="C-2", product="card", ended=False, linked=False, investigated=True
    )
    situation = at(3) if step is not Step.CLOSE else at(3, actor=QUINN)

    take(replace(plain, **empty), case, situation, other=other)
    with pytest.raises(ComplaintErased) as refusal:
        take(replace(plain, **{**empty, name: "Erika"}), case, situation, other=other)

    assert [error.pointer for error in refusal.value.errors] == [f"/{name}"]


@pytest.mark.parametrize(
    ("step", "before"), [(Step.WAIT_FOR_CUSTOMER, ()), (Step.CUSTOMER_REJECTS, ANSWERED)]
)
def test_nobody_can_be_asked_or_heard_once_they_are_erased(step: Step, before: tuple[str, ...]) -> None:
    known = after(a_case(), *(Step(name) for name in before))

    assert take(GOOD[step], known, at(2)).facts[0].verb == RULES[step].fact.verb
    assert refused(GOOD[step], erased(known)) == {Obstacle.PERSON_ERASED}
    assert Obstacle.PERSON_ERASED in RULES[step].needs


async def test_the_work_on_an_erased_complaint_goes_on_to_its_end_without_the_person(
    world: World, desk: Desk
) -> None:
    number = await desk.receive()
    await desk.take(number, "assess", "assign", who="owner")
    gone = await world.client("privacy").post(
        f"/v1/complaints/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
    )
    assert gone.status_code == 200, gone.text
    await desk.take(number, "start-investigation")
    await desk.triaged(number)

    problem = await desk.problem(number, "respond")
    assert (problem["type"].rpartition("/")[2], problem["status"]) == ("complaint-erased", 409)
    assert [error["pointer"] for error in problem["errors"]] == ["/reply"]
    allowed = (await desk.read(number))["allowed_steps"]
    assert "respond" in allowed
    assert "wait-for-customer" not in allowed
    answer = {name: value for name, value in ANSWER.items() if name != "reply"}
    sent = await world.client("owner").post(
        f"/v1/complaints/{number}/respond",
        json={**answer, "reply_reference": "L-7"},
        headers={"If-Match": "*"},
    )
    assert sent.status_code == 200, sent.text
    assert (await desk.problem(number, "customer-rejects"))["codes"] == ["person_erased"]
    await desk.take(number, "customer-accepts")
    closed = await desk.take(number, "close", who="quality")

    assert (closed["state"], closed["handling"]["response"]["finding"]) == ("closed", ANSWER["finding"])
    history = (await world.client("staff").get(f"/v1/complaints/{number}/history")).json()
    assert history["intact"]
