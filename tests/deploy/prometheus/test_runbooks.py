"""Each alert has a page that says what to do, and what the pages name exists."""

import re
from collections.abc import AsyncIterator

import pytest

from chassis.migrations import migrate
from tests.deploy.prometheus.rules import RUNBOOKS, alerts, known_with_recorded
from tests.support.known_metrics import KnownMetrics
from tests.support.page_faults import faults_of
from tests.support.pages import Page, read
from tests.support.postgres import Databases

SECTIONS = [
    "What it means for users",
    "How to see it",
    "Likely causes",
    "What to do",
    "When it is over",
]
PAGES = [read(path) for path in sorted(RUNBOOKS.glob("*.md"))]
OF_ALERTS = [page for page in PAGES if page.path.name != "README.md"]
TITLES = {alert.page: alert.name for alert in alerts()}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)


@pytest.fixture(scope="module", name="known")
def fixture_known() -> KnownMetrics:
    return known_with_recorded()


def test_every_alert_has_a_page_and_no_page_is_without_its_alert() -> None:
    assert {page.path.stem: page.headings(1)[0] for page in OF_ALERTS} == TITLES


@pytest.mark.parametrize("page", OF_ALERTS, ids=lambda page: page.path.stem)
def test_a_page_says_what_it_means_how_to_see_it_why_what_to_do_and_when_it_is_over(page: Page) -> None:
    assert page.headings(2) == SECTIONS
    parts = [part.strip() for part in page.text.split("\n## ")[1:]]
    assert all(len(part) > len(heading) + 20 for part, heading in zip(parts, SECTIONS, strict=True))
    assert list(page.fences("promql")) != []


@every_page
def test_everything_that_a_page_names_exists(page: Page, known: KnownMetrics) -> None:
    assert faults_of(page, known) == []


def test_the_index_lists_every_alert_with_its_severities_and_team() -> None:
    index = (RUNBOOKS / "README.md").read_text()
    listed = {
        (name, link, severity, team)
        for name, link, severities, team in re.findall(
            r"^\| \[(\w+)\]\(([a-z-]+)\.md\) \| ([a-z, ]+) \| (\w+) \|", index, re.MULTILINE
        )
        for severity in severities.split(", ")
    }
    expected = {(alert.name, alert.page, alert.severity, alert.rule["labels"]["team"]) for alert in alerts()}
    assert listed == expected


@pytest.fixture(scope="module", name="databases")
async def fixture_databases(postgres: Databases) -> AsyncIterator[dict[str, str]]:
    names = {service: f"runbooks_{service}" for service in ("intake", "capa", "notifier")}
    for service, name in names.items():
        postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        await migrate(postgres.url(name), service)
    yield names
    for name in names.values():
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_every_statement_of_a_page_only_reads_and_fits_the_schema_of_its_service(
    postgres: Databases, databases: dict[str, str]
) -> None:
    statements = [(page, service, text) for page in PAGES for service, text in page.fences("sql")]
    assert len(statements) > 10
    for page, service, text in statements:
        assert text.startswith("SELECT "), page.path.name
        # Nothing is carried out: planning finds each name that is wrong, and says which.
        postgres.execute(f"EXPLAIN {text}", database=databases[service])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[x](no-such-page.md)", "the link no-such-page.md leads nowhere"),
        ("[x](README.md#no-such-part)", "names no heading of README.md"),
        ("```promql\nmax(outbox_pending_mesages)\n```", "no metric outbox_pending_mesages"),
        ("```promql\nmax by (topic) (outbox_pending_messages)\n```", "label topic is grouped"),
        ("`outbox_pending_mesages` falls", "no metric, value or log line outbox_pending_mesages"),
        ('`slo:error_ratio:rate7d{slo="x"}`', "no metric, value or log line slo:error_ratio:rate7d"),
        ("```sh\npython -m capa dead-letter list\n```", "invalid choice: 'dead-letter'"),
        ("```sh\npython -m capa dead-letters resend 1\n```", "invalid choice: 'resend'"),
        ("```sh\npython -m capa dead-letters retry 1 --by person:a\n```", "required: --reason"),
        ("```sh\npython -m capa worker --now\n```", "--now is not understood"),
        ("```sh\npython -m intakes api\n```", "python -m intakes does not exist"),
        ("```sh\nmake redrive\n```", "make has no verb redrive"),
        ("```sh\nkubectl -n redress logs deploy/capa-consumer\n```", "no deployment capa-consumer"),
        ("```sh\nkubectl restart deploy/capa-worker\n```", "kubectl has no verb restart"),
        ("`docker compose restart capa`", "docker compose has no service capa"),
        ("```sh\nredressctl fix\n```", "redressctl is no program"),
        ("`/v1/deliveries/{delivery_id}/resend`", "no route /v1/deliveries/{delivery_id}/resend"),
        ("`REDRESS_NOTIFIER_SMTP_HOSTS`", "no setting REDRESS_NOTIFIER_SMTP_HOSTS"),
    ],
)
def test_a_planted_mistake_in_a_page_is_found(text: str, fault: str, known: KnownMetrics) -> None:
    found = faults_of(Page(RUNBOOKS / "planted.md", text), known)
    assert len(found) == 1
    assert fault in found[0]


def test_a_planted_mistake_in_a_statement_is_found(postgres: Databases, databases: dict[str, str]) -> None:
    with pytest.raises(Exception, match="due_time"):
        postgres.execute("EXPLAIN SELECT due_time FROM timer;", database=databases["notifier"])
