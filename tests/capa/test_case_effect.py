"""Where the plan of a case counts complaints, its check of the effect rests on the records, not on what somebody types."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from capa.domain.case.case import State
from capa.domain.case.plain import plain
from capa.domain.case.signing import document
from capa.domain.case.values import CountedBaseline
from common.ids import new_id
from tests.capa.cases import brought_to
from tests.capa.test_cases_api import Desk, a_nonconformity, desk
from tests.capa.world import MONDAY, a_complaint
from tests.identity.cases import CASE_STEPS

__all__ = ["desk"]  # a fixture, found here by its name

DAYS = 90
REVIEW: dict[str, Any] = {"events": None, "exposure": None, "explanation": "as on record"}


def _plan(**changes: Any) -> dict[str, Any]:
    counted = {
        "source": "complaints",
        "exposure_unit": "days",
        "baseline_events": 30,
        "baseline_exposure": 90,
    }
    return {**CASE_STEPS["plan-effectiveness"][1]["plan"], **counted, **changes}


async def brought_to_review(desk: Desk, complaints: int, **changes: Any) -> dict[str, Any]:
    """A case whose window has passed, with so many complaints in it, one before, one after, and one about something else."""
    nonconformity = await a_nonconformity(desk)
    desk.world.clock.forward(days=1)
    await desk.request(nonconformity_ids=[nonconformity], category="billing-dispute")
    await desk.take("accept", "quinn", team=[{"person": "bert", "role": "engineer"}])
    await desk.take("start-containment")
    await desk.take("contain")
    causes = await desk.investigate()
    await desk.take("plan-effectiveness", plan=_plan(**changes))
    plan = {"kind": "corrective", "title": "review monthly", "owner": "bert", "due": "10wd", "causes": causes}
    await desk.post("/v1/cases/CA-1001/actions", plan, expect=201)
    await desk.take("submit-plan")
    await desk.take("approve-plan", "quinn")
    await desk.post("/v1/actions/A-1002/complete", {"evidence": "in the calendar"}, "bert")
    await desk.take("report-implemented")
    await desk.post("/v1/actions/A-1002/verify", {"statement": "seen"}, "vera")
    case = await desk.take("verify", "vera")
    begins = desk.world.clock()
    each = a_complaint(received_at=begins + timedelta(days=1))
    others = (
        replace(each, received_at=begins - timedelta(seconds=1)),
        replace(each, received_at=begins + timedelta(days=DAYS)),
        replace(each, category="fees"),
        replace(each, product="loan"),
    )
    told = [
        replace(one, id=new_id(), number=f"C-{n}") for n, one in enumerate([each] * complaints + [*others])
    ]
    await desk.world.triage_together(told)
    desk.world.clock.forward(days=DAYS)
    assert await desk.end_monitoring() == 1
    return case


@pytest.mark.parametrize(("complaints", "result"), [(2, "effective"), (40, "ineffective")])
async def test_complaints_of_the_window_decide_whether_a_case_was_effective(
    desk: Desk, complaints: int, result: str
) -> None:
    await brought_to_review(desk, complaints)
    (review,) = (await desk.take("review-effectiveness", "vera", **REVIEW))["reviews"]
    assert (review["source"], review["events"], review["exposure"]) == ("complaints", complaints, DAYS)
    assert review["result"] == result


async def test_counts_that_somebody_types_are_refused_where_complaints_are_counted(desk: Desk) -> None:
    await brought_to_review(desk, 0)
    refused = await desk.take("review-effectiveness", "vera", expect=422)
    assert refused["errors"][0] == {
        "pointer": "/events",
        "code": "plan_invalid",
        "detail": "The plan has complaints counted.",
        "fix": "leave events and exposure out",
    }


async def test_a_window_is_not_judged_until_units_of_all_its_days_are_on_record(desk: Desk) -> None:
    case = await brought_to_review(desk, 2, exposure_unit="sold", baseline_exposure=9000)
    refused = await desk.take("review-effectiveness", "vera", expect=409, **REVIEW)
    assert refused["type"].endswith("/exposure-missing")
    assert (await desk.read())["reviews"] == []
    first, then = case["monitoring_from"][:10], case["monitoring_until"][:10]
    units = {"product": "credit-card", "unit": "sold", "first_day": first, "next_day": then, "units": 9500}
    answer = await desk.people["quinn"].put("/v1/exposures", json=units)
    assert answer.status_code < 300, answer.text
    (review,) = (await desk.take("review-effectiveness", "vera", **REVIEW))["reviews"]
    assert (review["events"], review["exposure"], review["result"]) == (2, 9500, "effective")


async def _brought_to_investigation(desk: Desk) -> None:
    nonconformity = await a_nonconformity(desk)
    await desk.request(nonconformity_ids=[nonconformity])
    await desk.take("accept", "quinn", team=[{"person": "bert", "role": "engineer"}])
    await desk.take("start-containment")
    await desk.take("contain")


def _uncounted(**changes: Any) -> dict[str, Any]:
    left_out = ("baseline_events", "baseline_exposure")
    return {name: value for name, value in _plan(**changes).items() if name not in left_out}


def _before_now(desk: Desk, days: int = 60) -> dict[str, str]:
    now = desk.world.clock()
    return {"begins_at": (now - timedelta(days=days)).isoformat(), "ends_at": now.isoformat()}


async def test_a_plan_without_a_baseline_has_it_counted_from_the_ledger_and_says_how(desk: Desk) -> None:
    await _brought_to_investigation(desk)
    desk.world.clock.forward(days=1)
    now = desk.world.clock()
    each = a_complaint(received_at=now - timedelta(days=2))
    others = (
        replace(each, received_at=now),
        replace(each, received_at=now - timedelta(days=61)),
        replace(each, category="fees"),
    )
    told = [replace(one, id=new_id(), number=f"C-{n}") for n, one in enumerate([each] * 6 + [*others])]
    await desk.world.triage_together(told)
    case = await desk.take("plan-effectiveness", plan=_uncounted(), baseline=_before_now(desk))
    # The six, and the complaint of the nonconformity.
    assert (case["effect_plan"]["baseline_events"], case["effect_plan"]["baseline_exposure"]) == (7, 60)
    assert (case["baseline"]["events"], case["baseline"]["exposure"]) == (7, 60)
    assert "7 complaints about credit-card / billing-dispute" in case["baseline"]["explanation"]
    assert "against 60 days" in case["baseline"]["explanation"]
    document = (await desk.read("/v1/cases/CA-1001/history?limit=50"))["items"][-1]["changes"]
    assert document["baseline"]["to"]["events"] == 7
    typed = await desk.take("plan-effectiveness", plan=_plan())
    assert (typed["effect_plan"]["baseline_events"], typed["baseline"]) == (30, None)


def test_a_signed_plan_says_how_its_baseline_was_counted_and_one_without_reads_as_before() -> None:
    case = brought_to(State.PLAN_PENDING_APPROVAL).case
    counted = CountedBaseline(
        begins_at=MONDAY, ends_at=MONDAY, events=1, exposure=1.0, counted_at=MONDAY, explanation="so"
    )
    assert "baseline" not in document(case, (), "plan")
    assert document(replace(case, baseline=counted), (), "plan")["baseline"] == plain(counted)


@pytest.mark.parametrize(
    ("plan", "baseline", "pointer"),
    [
        (_uncounted(), False, "/plan/baseline_events"),
        (_plan(), True, "/plan/baseline_events"),
        (_uncounted(source="reported"), True, "/plan/source"),
        (_uncounted(exposure_unit="letters"), True, "/plan/exposure_unit"),
    ],
)
async def test_a_baseline_is_sent_or_counted_and_only_what_is_on_record_is_counted(
    desk: Desk, plan: dict[str, Any], pointer: str, *, baseline: bool
) -> None:
    await _brought_to_investigation(desk)
    span: dict[str, Any] = {"baseline": _before_now(desk)} if baseline else {}
    refused = await desk.take("plan-effectiveness", plan=plan, expect=422, **span)
    assert refused["errors"][0]["pointer"] == pointer


async def test_a_baseline_is_over_and_its_units_are_on_record_before_it_is_counted(desk: Desk) -> None:
    await _brought_to_investigation(desk)
    future = _before_now(desk)
    future["ends_at"] = (desk.world.clock() + timedelta(days=1)).isoformat()
    refused = await desk.take("plan-effectiveness", plan=_uncounted(), baseline=future, expect=422)
    assert refused["errors"][0]["pointer"] == "/baseline/ends_at"
    sold = _uncounted(exposure_unit="sold")
    missing = await desk.take("plan-effectiveness", plan=sold, baseline=_before_now(desk), expect=409)
    assert missing["type"].endswith("/exposure-missing")


async def test_complaints_are_counted_against_days_or_units_that_are_reported(desk: Desk) -> None:
    nonconformity = await a_nonconformity(desk)
    await desk.request(nonconformity_ids=[nonconformity])
    await desk.take("accept", "quinn", team=[{"person": "bert", "role": "engineer"}])
    await desk.take("start-containment")
    await desk.take("contain")
    refused = await desk.take("plan-effectiveness", plan=_plan(exposure_unit="letters"), expect=422)
    assert refused["errors"][0]["pointer"] == "/plan/exposure_unit"


async def test_reported_counts_must_be_sent(desk: Desk) -> None:
    await brought_to_review(desk, 0, source="reported", exposure_unit="letters")
    refused = await desk.take("review-effectiveness", "vera", expect=422, **REVIEW)
    assert refused["errors"][0]["pointer"] == "/events"
