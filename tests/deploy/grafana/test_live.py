"""Every dashboard query is asked of a real Prometheus that scrapes the running system after something happened."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.grafana.ask.__main__ import main
from deploy.grafana.ask.prometheus import Prometheus, Window
from deploy.grafana.ask.questions import PanelQuery, all_questions
from deploy.grafana.ask.report import Answered, answered, as_markdown
from deploy.grafana.generator.boards import BOARDS
from tests.notifier.receiver import receiving
from tests.support.prometheus import (
    SCRAPE_INTERVAL,
    RunningPrometheus,
    need_prometheus,
    postgres_exporter,
    prometheus,
)
from tests.support.running import SERVICES, Pace, RunningSystem, complaint, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(300)]

ANSWERS = "REDRESS_DASHBOARD_ANSWERS"
"""Names a folder where what every query answered is kept for a person to look at."""
MAY_BE_EMPTY = {(board.uid, panel.title): panel.may_be_empty for board in BOARDS for panel in board.panels()}

HEALTHY = {
    ("redress-overview", "Alerts"),
    ("redress-overview", "Least error budget left"),
    ("redress-notifier", "Failed attempts by reason"),
    ("redress-business", "Signals raised by product"),
    *((f"redress-{service}", "Failing routes") for service in SERVICES),
}
"""Panels that show something only after a failure, after minutes, or after years of complaints."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """A Prometheus that has seen something happen, and what every dashboard's queries answered."""

    url: str
    window: Window
    dashboards: Sequence[Answered]

    def empty(self) -> list[tuple[str, PanelQuery]]:
        """The queries that have no answer, each with its dashboard."""
        return [
            (each.questions.uid, query)
            for each in self.dashboards
            for query, answer in each.panels.items()
            if answer.empty
        ]


@pytest.fixture(scope="module")
async def scraped(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scraped]:
    """Run the system and a Prometheus, let complaints, late actions, mails and refusals happen, and ask."""
    need_prometheus()
    started = time.time()
    async with running_system(pace=Pace()) as system:
        targets = {
            service: f"127.0.0.1:{system.environment[f'REDRESS_{service.upper()}_METRICS_PORT']}"
            for service in SERVICES
        }
        folder, database = (
            tmp_path_factory.mktemp("prometheus"),
            system.described["databases"]["redress_intake"],
        )
        async with (
            postgres_exporter(folder, database) as exporter,
            prometheus(folder, {**targets, "postgres": exporter}) as running,
        ):
            await everything_is_scraped_once(running)
            await something_happens(system)
            await it_shows(running)
            # As if scraped less often: rates then look over several scrapes, and bear that a busy machine misses some.
            window = Window(started, time.time(), 1, 5 * SCRAPE_INTERVAL)
            yield Scraped(running.url, window, await asyncio.to_thread(ask_all, running.url, window))


def ask_all(url: str, window: Window) -> list[Answered]:
    with Prometheus(url, window) as asking:
        found = [answered(asking, each) for each in all_questions()]
    if folder := os.environ.get(ANSWERS):
        Path(folder).mkdir(parents=True, exist_ok=True)
        for each in found:
            (Path(folder) / f"{each.questions.uid}.md").write_text(as_markdown(each))
    return found


async def everything_is_scraped_once(running: RunningPrometheus) -> None:
    """A counter's rise shows only against an earlier scrape."""

    async def all_up() -> bool:
        return await running.number("sum(up)") == len(SERVICES) + 1

    await until(all_up, seconds=30, what="every service is scraped")


async def something_happens(system: RunningSystem) -> None:
    """Complaints of every severity, each handed over twice, and some in a file; an action done, the others late.

    The CRM is told of its complaints' changes.
    """
    crm = system.client("intake", "crm")
    async with receiving() as receiver:
        registered = await crm.post("/v1/webhooks", json={"url": receiver.url})
        assert registered.status_code == 201, registered.text
        await complaints_come_in(crm)
        await until(lambda: bool(receiver.posts), seconds=30, what="the CRM is told")
    await a_file_comes_in(system)
    await an_action_is_done(system)
    span = {"from": "2026-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z", "format": "pdf"}
    written = await system.client("capa", "quality").get("/v1/management-review", params=span)
    assert written.headers["Content-Type"] == "application/pdf", written.text
    for service in SERVICES:
        refused = await system.client(service, "admin").get("/v1/no-such-thing")
        assert refused.status_code == 404
    assert (await system.client("notifier", "admin").get("/v1/notices")).is_success


async def complaints_come_in(crm: httpx.AsyncClient) -> None:
    for number, severity in enumerate(("critical", "major", "minor", "major", "minor")):
        body = complaint(f"dashboard-{number}", reported_severity=severity)
        headers = {"Idempotency-Key": f"dashboard-{number}"}
        for _ in range(2):
            posted = await crm.post("/v1/complaints", json=body, headers=headers)
            assert posted.status_code == 201, posted.text
    await crm.post("/v1/complaints", json=complaint("dashboard-0", description="Charged three times."))


async def a_file_comes_in(system: RunningSystem) -> None:
    rows = "external_id,channel,reported_severity,product,category,description\n" + "".join(
        f"row-{number},web,major,mortgage,fees,Nobody answers.\n" for number in range(3)
    )
    imported = await system.client("intake", "admin").post(
        "/v1/imports", params={"source_system": "file"}, content=rows, headers={"Content-Type": "text/csv"}
    )
    assert imported.status_code == 202, imported.text


async def an_action_is_done(system: RunningSystem) -> None:
    capa = system.client("capa", "staff")

    async def actions() -> list[str]:
        return [each["number"] for each in (await capa.get("/v1/actions")).json()["items"]]

    async def two_are_assigned() -> bool:
        return len(await actions()) >= 2

    await until(two_are_assigned, seconds=30, what="actions are assigned")
    path = f"/v1/actions/{(await actions())[0]}"
    read = await capa.get(path)
    done = await capa.post(
        f"{path}/complete", json={"evidence": "Refunded."}, headers={"If-Match": read.headers["ETag"]}
    )
    assert done.status_code == 200, done.text


async def it_shows(running: RunningPrometheus) -> None:
    """Wait until Prometheus has what happened last."""
    conditions = {
        "an overdue action": 'sum(actions_open{overdue="true"}) >= 1',
        "the breach that capa heeds": 'sum(action_breaches_total{outcome="heeded"}) >= 1',
        "an overdue deadline": "deadlines_overdue >= 1",
        "a sent notice": 'sum(notifications_total{outcome="sent"}) >= 1',
        "the rows of the file": 'sum(bulk_import_rows_total{outcome="created"}) >= 3',
        "a done action": "sum(action_cycle_time_seconds_count) >= 1",
        "a written PDF": 'sum(report_duration_seconds_count{form="pdf"}) >= 1',
        "a posted webhook": "sum(crm_webhook_duration_seconds_count) >= 1",
        "an audit": "auditor_last_success_timestamp_seconds > 0",
    }
    for what, query in conditions.items():

        async def shows(query: str = query) -> bool:
            return await running.number(query) is not None

        await until(shows, seconds=60, what=f"Prometheus shows {what}")


async def test_prometheus_refuses_no_query(scraped: Scraped) -> None:
    answers = [answer for each in scraped.dashboards for answer in each.panels.values()]
    assert [answer.error for answer in answers if answer.error] == []
    assert len(answers) > 100


async def test_every_panel_has_an_answer_unless_it_says_why_not(scraped: Scraped) -> None:
    assert [(uid, query.panel) for uid, query in scraped.empty() if not MAY_BE_EMPTY[uid, query.panel]] == []


async def test_what_happened_shows_in_every_panel_that_is_not_of_what_does_not_run_here(
    scraped: Scraped,
) -> None:
    not_here = re.compile(r"\bkafka_|\bcnpg_")
    without = {(uid, query.panel) for uid, query in scraped.empty() if not not_here.search(query.expression)}
    assert without <= HEALTHY


async def test_every_variable_offers_a_job_unless_it_says_why_not(scraped: Scraped) -> None:
    reasons = {(board.uid, each.name): each.may_be_empty for board in BOARDS for each in board.variables}
    offered = {
        (each.questions.uid, variable.name): values
        for each in scraped.dashboards
        for variable, values in each.variables.items()
    }
    assert offered.keys() == reasons.keys()
    assert [variable for variable, values in offered.items() if not (values or reasons[variable])] == []


@pytest.mark.parametrize(
    ("query", "refused"), [('rate(up{job=~"$job"})', True), ('no_such_metric{job=~"$job"}', False)]
)
async def test_a_wrong_query_is_refused_and_an_unknown_metric_has_no_answer(
    scraped: Scraped, query: str, *, refused: bool
) -> None:
    with Prometheus(scraped.url, scraped.window) as asking:
        answer = asking.answer(
            PanelQuery("planted", "A", query, "", instant=True), {"job": "|".join(SERVICES)}
        )
    assert (bool(answer.error), answer.empty) == (refused, True)


async def test_the_command_saves_a_page_for_each_dashboard(scraped: Scraped, tmp_path: Path) -> None:
    arguments = ["--prometheus", scraped.url, "--into", str(tmp_path), "--minutes", "1", "--step", "1"]
    assert await asyncio.to_thread(main, arguments) == 0
    assert {path.stem for path in tmp_path.glob("*.md")} == {board.uid for board in BOARDS}
