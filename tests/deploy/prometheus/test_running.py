"""A real Alertmanager with the committed routes and inhibitions, and a real Prometheus with the committed rules."""

import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml

from tests.deploy.prometheus.rules import ALERTMANAGER, PROMETHEUS
from tests.notifier.receiver import Receiver, receiving
from tests.notifier.smtp import Mailbox, mailbox_running, text_of
from tests.support.outside_tools import need_tool
from tests.support.waiting import until

TOKEN = "the-heartbeat-knows-us"

Labels = dict[str, str]


def page(alertname: str, **labels: str) -> Labels:
    return {"alertname": alertname, "severity": "page", **labels}


def ticket(alertname: str, **labels: str) -> Labels:
    return {"alertname": alertname, "severity": "ticket", **labels}


# The alert that is there, another one, and whether the other is held back by it.
PAIRS: list[tuple[Labels, Labels, bool]] = [
    (page("IntakeAvailabilityBurn", slo="a"), ticket("IntakeAvailabilityBurn", slo="a"), True),
    (page("IntakeAvailabilityBurn", slo="a"), ticket("DeadLettersPresent"), False),
    (
        page("NoticeDeliveryBurn", slo="d", channel="email"),
        ticket("NoticeDeliveryBurn", slo="d", channel="webhook"),
        False,
    ),
    (page("ServiceDown", role="worker"), ticket("InstanceDown", role="worker", instance="x"), True),
    (page("ServiceDown", role="worker"), ticket("InstanceDown", role="api", instance="x"), False),
    (page("ServiceDown", role="worker"), page("ConsumerNotPolling", group="capa"), True),
    (page("ServiceDown", role="worker"), page("RequestsFailing"), False),
    (page("ServiceDown", role="api"), page("RequestsFailing"), True),
    (page("ServiceDown", role="api"), page("WorkerAbsent"), False),
    (page("ServiceDown", role="all"), page("WorkerAbsent"), True),
    (page("ServiceDown"), page("WorkerAbsent"), True),
    (page("ServiceDown", role="api"), page("TimersStuck"), False),
    (page("WorkerAbsent"), ticket("AuditorNotRun"), True),
    (ticket("InstanceDown", instance="x"), page("LoopSilent", instance="x", loop="relay"), True),
    (ticket("InstanceDown", instance="x"), page("LoopSilent", instance="y", loop="relay"), False),
    (page("DependencyDown", dependency="transport"), page("OutboxStale"), True),
    (page("DependencyDown", dependency="transport"), page("IntakeAvailabilityBurn", slo="a"), False),
    (page("DependencyDown", dependency="transport"), page("TimersLate"), False),
    (page("DependencyDown", dependency="database"), page("IntakeAvailabilityBurn", slo="a"), True),
    (page("DependencyDown", dependency="database"), page("OutboxStale"), True),
    (page("DependencyDown", dependency="database"), ticket("DeadLettersPresent"), False),
]


@pytest.fixture(name="heartbeat")
async def fixture_heartbeat() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(name="mails")
async def fixture_mails() -> AsyncIterator[Mailbox]:
    async with mailbox_running() as mailbox:
        yield mailbox


@pytest.fixture(name="alertmanager")
async def fixture_alertmanager(
    tmp_path: Path, heartbeat: Receiver, mails: Mailbox
) -> AsyncIterator[httpx.AsyncClient]:
    """An Alertmanager with the committed routes, inhibitions and texts; its heartbeat and mail server are ours."""
    config: dict[str, Any] = yaml.safe_load(ALERTMANAGER.read_text())
    config["global"]["smtp_smarthost"] = f"127.0.0.1:{mails.port}"
    config["route"]["group_wait"] = "0s"
    config["templates"] = [str(ALERTMANAGER.parent / pattern) for pattern in config["templates"]]
    token = tmp_path / "token"
    token.write_text(TOKEN)
    for receiver in config["receivers"]:
        receiver.pop("pagerduty_configs", None)  # nothing leaves this machine
        for hook in receiver.get("webhook_configs", ()):
            hook["url"] = heartbeat.url
            hook["http_config"]["authorization"]["credentials_file"] = str(token)
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config))
    program = need_tool("prometheus-alertmanager", "prometheus-alertmanager")
    address = free_address()
    command = [
        program,
        f"--config.file={file}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        with running(command, tmp_path / "alertmanager.log"):
            await ready(client)
            yield client


def free_address() -> str:
    """An address of the loopback that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return f"127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """Run a process for the block, and see it end."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


async def ready(client: httpx.AsyncClient) -> None:
    """Wait until a server says that it is ready."""

    async def answers() -> bool:
        try:
            return (await client.get("/-/ready")).is_success
        except httpx.TransportError:
            return False

    await until(answers, seconds=30, what=f"{client.base_url} is ready")


async def test_what_another_alert_explains_is_held_back_and_nothing_else(
    alertmanager: httpx.AsyncClient,
) -> None:
    # Each pair speaks of a job of its own, so that no other pair has a say.
    posted = [
        {"labels": {**labels, "job": f"job-{number}", "pair": part, "team": "operations"}, "startsAt": now()}
        for number, (source, target, _) in enumerate(PAIRS)
        for part, labels in (("source", source), ("target", target))
    ]
    (await alertmanager.post("/api/v2/alerts", json=posted)).raise_for_status()
    found = (await alertmanager.get("/api/v2/alerts")).raise_for_status().json()
    states: Mapping[tuple[str, str], bool] = {
        (alert["labels"]["job"], alert["labels"]["pair"]): alert["status"]["inhibitedBy"] != []
        for alert in found
    }
    assert states == {
        (f"job-{number}", part): held and part == "target"
        for number, (_, _, held) in enumerate(PAIRS)
        for part in ("source", "target")
    }


async def test_a_ticket_comes_as_a_mail_that_says_what_it_means_and_what_to_do(
    alertmanager: httpx.AsyncClient, mails: Mailbox
) -> None:
    labels = {"alertname": "EndpointDisabled", "severity": "ticket", "team": "quality", "job": "notifier"}
    annotations = {
        "summary": "2 webhooks are switched off.",
        "description": "The other side said that it wants no more messages.",
        "runbook_url": "docs/runbooks/endpoint-disabled.md",
    }
    posted = {"labels": labels, "annotations": annotations, "startsAt": now()}
    (await alertmanager.post("/api/v2/alerts", json=[posted])).raise_for_status()
    await until(lambda: mails.mails != [], seconds=30, what="the mail arrives")
    assert mails.recipients == [["quality-tickets@redress.example.org"]]
    (mail,) = mails.mails
    assert mail["Subject"] == "[FIRING ticket] EndpointDisabled notifier: 2 webhooks are switched off."
    assert text_of(mail).splitlines()[:3] == [
        "FIRING EndpointDisabled: 2 webhooks are switched off.",
        "The other side said that it wants no more messages.",
        "What to do: docs/runbooks/endpoint-disabled.md",
    ]


async def test_the_watchdog_of_the_committed_rules_reaches_the_heartbeat_with_its_key(
    alertmanager: httpx.AsyncClient, heartbeat: Receiver, tmp_path: Path
) -> None:
    config: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"]["evaluation_interval"] = "1s"
    config["global"]["external_labels"]["runbooks"] = "https://runbooks.example.org"
    config["rule_files"] = [str(PROMETHEUS / "rules" / "*.yml")]
    config["scrape_configs"] = []
    config["alerting"]["alertmanagers"] = [
        {"static_configs": [{"targets": [alertmanager.base_url.netloc.decode()]}]}
    ]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    address = free_address()
    command = [
        need_tool("prometheus", "prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={tmp_path / 'prometheus'}",
        f"--web.listen-address={address}",
        # The first time it may not know its Alertmanager yet.
        "--rules.alert.resend-delay=1s",
    ]
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        with running(command, tmp_path / "prometheus.log"):
            await ready(client)
            await until(lambda: heartbeat.posts != [], seconds=30, what="the heartbeat hears the watchdog")
            health = (await client.get("/api/v1/rules")).raise_for_status().json()["data"]["groups"]
    post = heartbeat.posts[0]
    assert post.headers["authorization"] == f"Bearer {TOKEN}"
    (alert,) = orjson.loads(post.body)["alerts"]
    assert alert["labels"] == {"alertname": "Watchdog", "severity": "none", "team": "operations"}
    assert alert["annotations"]["runbook_url"] == "https://runbooks.example.org/watchdog.md"
    assert [rule["lastError"] for group in health for rule in group["rules"] if rule.get("lastError")] == []


def now() -> str:
    return datetime.now(UTC).isoformat()
