"""A complaint leads to a case that is closed once the complaints on record show its effect: intake and capa, time moved."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from capa.wiring import build_app, build_health
from chassis.keys import create_key
from common.actor import Actor
from events.kafka.brokers import Brokers
from events.kafka.topics import ensure_topics, redress_topics
from intake.domain.complaint import Complaint
from local.kafka import Broker
from tests.announcing.conftest import trio_templates
from tests.announcing.trio import PEPPER, Trio, copies, open_trio
from tests.capa.world import SCOPES
from tests.identity.cases import CASE_STEPS
from tests.notifier.smtp import mailbox_running
from tests.support.postgres import Databases

__all__ = ["trio_templates"]  # a fixture, found here by its name

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

PRODUCT, CATEGORY = "credit-card", "fees"
BEFORE, AFTER = 24, 2
SOLD = 50_000
WINDOW_DAYS = 90


@dataclass
class Office:
    """The people who work on cases, each with a key of their own, at capa's API."""

    trio: Trio
    people: Mapping[str, httpx.AsyncClient]

    async def ask(self, path: str, **query: Any) -> dict[str, Any]:
        answer = await self.people["anna"].get(path, params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def send(self, path: str, body: Mapping[str, Any], by: str) -> dict[str, Any]:
        answer = await self.people[by].post(path, json=body, headers={"If-Match": "*"})
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def take(self, step: str, by: str = "anna", **changes: Any) -> dict[str, Any]:
        body = {**CASE_STEPS[step][1], **changes}
        if "signature" in body:
            key = str(self.people[by].headers["authorization"]).removeprefix("Bearer ")
            body["signature"] = {"printed_name": by, "credential": key}
        return await self.send(f"/v1/cases/CA-1001/{step}", body, by)

    async def report_sold(self, begins_at: datetime, ends_at: datetime) -> None:
        """Say how many were sold on the days from one instant to another."""
        days = {"first_day": f"{begins_at:%Y-%m-%d}", "next_day": f"{ends_at:%Y-%m-%d}"}
        body = {"product": PRODUCT, "unit": "sold", "units": SOLD, **days}
        answer = await self.people["quinn"].put("/v1/exposures", json=body)
        assert answer.status_code == 201, answer.text


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def servers(request: pytest.FixtureRequest) -> str | None:
    """The brokers of Kafka; None for the embedded log."""
    if request.param == "embedded":
        return None
    # By name, so that the embedded log is tested where no Kafka can run.
    broker: Broker = request.getfixturevalue("kafka")
    return broker.bootstrap_servers


@pytest.fixture
async def office(
    servers: str | None, postgres: Databases, trio_templates: Mapping[str, str], tmp_path: Path
) -> AsyncIterator[Office]:
    """Intake and capa on one transport."""
    if servers is not None:
        await ensure_topics(Brokers(servers), redress_topics(), None)
    async with AsyncExitStack() as stack:
        urls = stack.enter_context(copies(postgres, trio_templates))
        mailbox = await stack.enter_async_context(mailbox_running())
        trio = await stack.enter_async_context(open_trio(urls, mailbox, tmp_path, kafka=servers))
        people = {
            person: await stack.enter_async_context(_caller(trio, tmp_path / "keys.json", person))
            for person in ("anna", "quinn", "bert", "vera")
        }
        yield Office(trio, people)


def _caller(trio: Trio, file: Path, person: str) -> httpx.AsyncClient:
    token, _ = create_key(
        file, PEPPER, name=person, actor=Actor("person", person), scopes=SCOPES, at=trio.clock()
    )
    core = replace(trio.capa, settings=trio.capa.settings.model_copy(update={"keys_file": file}))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=build_app(core, build_health(core))),
        base_url="http://capa.test",
        headers={"Authorization": f"Bearer {token}"},
    )


async def complain(trio: Trio, number: int, every: timedelta) -> list[Complaint]:
    """Take complaints in, one after the other, as time goes by."""
    taken = []
    for _ in range(number):
        taken.append(await trio.receive(PRODUCT, category=CATEGORY))
        trio.clock.forward(seconds=every.total_seconds())
    return taken


async def plan_and_carry_out(office: Office, baseline: int) -> dict[str, Any]:
    """Take the case from its request to the window of monitoring."""
    found = await office.ask("/v1/nonconformities", product=PRODUCT)
    asked = {"title": "Wrong fees", "product": PRODUCT, "category": CATEGORY, "severity": "major"}
    named = [each["id"] for each in found["items"]]
    await office.send("/v1/cases", asked | {"nonconformity_ids": named}, "vera")
    await office.take("accept", "quinn", team=[{"person": "bert", "role": "engineer"}])
    await office.take("start-containment")
    await office.take("contain")
    await office.take("describe-problem")
    for kind in ("root", "escape"):
        case = await office.take("record-cause", kind=kind)
        await office.take("verify-cause", cause_id=case["causes"][-1]["id"])
    await office.take("answer-similar")
    plan = {
        **CASE_STEPS["plan-effectiveness"][1]["plan"],
        "source": "complaints",
        "exposure_unit": "sold",
        "baseline_events": baseline,
        "baseline_exposure": SOLD,
        "window_days": WINDOW_DAYS,
    }
    case = await office.take("plan-effectiveness", plan=plan)
    task = {"kind": "corrective", "title": "review monthly", "owner": "bert", "due": "10wd"}
    causes = {"causes": [each["id"] for each in case["causes"]]}
    action = (await office.send("/v1/cases/CA-1001/actions", task | causes, "anna"))["number"]
    await office.take("submit-plan")
    await office.take("approve-plan", "quinn")
    office.trio.clock.forward(days=5)
    await office.send(f"/v1/actions/{action}/complete", {"evidence": "in the calendar"}, "bert")
    await office.take("report-implemented")
    await office.send(f"/v1/actions/{action}/verify", {"statement": "seen"}, "vera")
    return await office.take("verify", "vera")


async def test_complaints_lead_to_a_case_that_is_closed_once_few_of_them_come_any_more(
    office: Office,
) -> None:
    trio = office.trio
    begun = trio.clock()
    taken = await complain(trio, BEFORE, timedelta(days=2))
    await trio.settle("intake", "capa")
    span = {"from": begun.isoformat(), "to": trio.clock().isoformat()}
    baseline = (await office.ask("/v1/indicators", product=PRODUCT, **span))["complaints"]
    assert (baseline["received"], baseline["converted"]["part"]) == (BEFORE, BEFORE)

    case = await plan_and_carry_out(office, baseline["received"])
    assert case["state"] == "monitoring"
    ends_at = datetime.fromisoformat(case["monitoring_until"])
    await complain(trio, AFTER, timedelta(days=20))
    trio.clock.forward(seconds=(ends_at - trio.clock()).total_seconds() + 60)
    await trio.settle("intake", "capa")
    await office.report_sold(datetime.fromisoformat(case["monitoring_from"]), ends_at)

    none_typed = {"events": None, "exposure": None, "explanation": "as on record"}
    (review,) = (await office.take("review-effectiveness", "vera", **none_typed))["reviews"]
    assert (review["source"], review["events"], review["result"]) == ("complaints", AFTER, "effective")
    closed = await office.take("close", "quinn")
    assert closed["state"] == "closed_effective"
    assert closed["correlation_id"] in {str(each.correlation_id) for each in taken}
    await trio.settle("intake", "capa")
    await _check_reports(office, closed)
    told = await trio.rows("intake", "SELECT outcome, count(*) AS number FROM triage GROUP BY outcome")
    numbers = {row.outcome: row.number for row in told}
    assert (set(numbers), sum(numbers.values())) == ({"raised", "linked"}, BEFORE + AFTER)


async def _check_reports(office: Office, closed: Mapping[str, Any]) -> None:
    """The 8D report and the management review tell of the effect."""
    answer = await office.people["anna"].get("/v1/cases/CA-1001/report", params={"format": "html"})
    assert "Closed as effective" in answer.text
    assert "Counted by</th><td>Redress, from the complaints on record" in answer.text
    ended = datetime.fromisoformat(closed["closed_at"])
    span = {"from": (ended - timedelta(days=1)).isoformat(), "to": (ended + timedelta(days=1)).isoformat()}
    pack = await office.people["anna"].get("/v1/management-review", params=span)
    assert "1 (closed effective 1)" in pack.text
    assert "1 (effective 1)" in pack.text
