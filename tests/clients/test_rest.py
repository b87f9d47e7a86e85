"""The REST collections walk through each service's daily work, by their own runners, against the running system."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa

from common.clock import utc_now
from tests.identity.conftest import Apis, apis
from tests.support.events import engine_of
from tests.support.outside_tools import leave_out
from tests.support.running import Pace, RunningSystem, running_system
from tests.support.scripts import load_script
from tests.support.waiting import until

__all__ = ["apis"]  # a fixture of the identity tests, found here by its name

rest = load_script("rest_clients")
COLLECTIONS = {name: rest.read(rest.REST / f"{name}.http") for name in rest.FILES}
EXPECTED = sum(
    len(request.expectations) for collection in COLLECTIONS.values() for request in collection.requests
)


@pytest.fixture(scope="module", name="runners")
def fixture_runners() -> Path:
    """The folder of the pinned runners."""
    folder: Path = rest.cache_folder() / "node_modules" / ".bin"
    if not folder.is_dir() or shutil.which("node") is None:
        leave_out(rest.ABSENT)
    return folder


@pytest.fixture(name="system")
async def fixture_system() -> AsyncIterator[RunningSystem]:
    """A fresh system, whose numbers are those of the collections; nothing becomes due meanwhile."""
    async with running_system(pace=Pace(due="3600s")) as system:
        yield system


def values_of(system: RunningSystem) -> Mapping[str, str]:
    described = system.described
    addresses = {name: service["url"] for name, service in described["services"].items()}
    return addresses | {f"{role}_key": key for role, key in described["keys"].items()}


async def run(
    *command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def by_httpyac(
    runners: Path, folder: Path, name: str, values: Mapping[str, str]
) -> tuple[int, list[str]]:
    """Run one collection; gives how many assertions there were, and those that failed."""
    (folder / f"{name}.http").write_text(rest.asserting(COLLECTIONS[name]))
    (folder / "http-client.private.env.json").write_text(json.dumps({"local": dict(values)}))
    shutil.copy(rest.REST / "http-client.env.json", folder)
    _, said = await run(
        runners / "httpyac",
        *("send", f"{name}.http", "--all", "--env", "local", "--output", "none", "--junit", "--no-color"),
        cwd=folder,
    )
    report = ET.fromstring(said)  # noqa: S314 - written by the runner that we started
    failed = [
        f"{suite.get('name')}: {case.get('name')}"
        for suite in report.iter("testsuite")
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]
    return int(report.get("tests", "0")), failed


async def ready_after(name: str, system: RunningSystem) -> None:
    """Wait until there is what the file after this one begins with."""
    client = system.client("capa", "quality")

    async def two() -> bool:
        return len((await client.get("/v1/actions")).json()["items"]) >= 2

    async def awaits_review() -> bool:
        return bool((await client.get("/v1/cases/CA-1001")).json()["state"] == "effectiveness_review")

    await until(two, seconds=30, what="both complaints have their action")
    if name == "cases":
        await end_the_window(system)
        await until(awaits_review, seconds=30, what="the window of monitoring has ended")


async def end_the_window(system: RunningSystem) -> None:
    """Let the 90 days be over, which no test waits for; that the case goes on then is the worker's doing."""
    now = utc_now()
    over = sa.text(
        "UPDATE corrective_case SET monitoring_until = :now, "
        "body = jsonb_set(body, '{monitoring_until}', to_jsonb(CAST(:text AS text)))"
    )
    engine = engine_of(system.described["databases"]["redress_capa"])
    try:
        async with engine.begin() as connection:
            await connection.execute(over, {"now": now, "text": now.isoformat()})
    finally:
        await engine.dispose()


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_httpyac_runs_every_request_and_each_answer_is_as_the_files_say(
    runners: Path, system: RunningSystem, tmp_path: Path
) -> None:
    asserted, failed = 0, []
    for name in rest.FILES:
        tests, wrong = await by_httpyac(runners, tmp_path, name, values_of(system))
        asserted += tests
        failed += wrong
        await ready_after(name, system)
    assert failed == []
    assert asserted == EXPECTED


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_bruno_runs_every_request_and_each_answer_is_as_the_files_say(
    runners: Path, system: RunningSystem, tmp_path: Path
) -> None:
    folder = tmp_path / "bruno"
    shutil.copytree(rest.REST / rest.BRUNO, folder, ignore=shutil.ignore_patterns(".env"))
    values = values_of(system)
    (folder / ".env").write_text(
        "".join(
            f"REDRESS_{name.upper()}={value}\n" for name, value in values.items() if name.endswith("_key")
        )
    )
    environment = folder / "environments" / "local.bru"
    text = environment.read_text()
    for name in rest.SERVICES:
        text = re.sub(rf"(?m)^  {name}: .*$", f"  {name}: {values[name]}", text)
    environment.write_text(text)
    asserted, failed = 0, []
    for part in sorted(path.name for path in folder.iterdir() if path.name[0].isdigit()):
        report = tmp_path / f"{part}.json"
        code, said = await run(
            runners / "bru",
            *("run", part, "-r", "--env", "local", "--noproxy", "--reporter-json", report),
            # The runner's other sandbox is loaded while the first request runs, and a fast answer finds it absent.
            *("--sandbox", "developer"),
            cwd=folder,
        )
        results = [result for each in json.loads(report.read_text()) for result in each["results"]]
        assertions = [(result, each) for result in results for each in result["assertionResults"]]
        asserted += len(assertions)
        wrong = [
            f"{result['test']['filename']}: {each['lhsExpr']} {each['rhsExpr']}, {each.get('error')}, status {result['response']['status']}"
            for result, each in assertions
            if each["status"] != "pass"
        ]
        assert (code == 0) == (wrong == []), said
        failed += wrong
        await ready_after(part.partition("-")[2], system)
    assert failed == []
    assert asserted == EXPECTED


@pytest.mark.timeout(60)
async def test_a_wrong_answer_fails_a_run(runners: Path, tmp_path: Path) -> None:
    nobody = dict.fromkeys(rest.SERVICES, "http://127.0.0.1:9") | {"admin_key": "x", "quality_key": "x"}
    tests, failed = await by_httpyac(runners, tmp_path, "notifier", nobody)
    assert tests > 0
    assert len(failed) == tests


def test_the_bruno_collection_is_made_from_the_files() -> None:
    assert rest.stale() == {}


def test_every_request_asks_for_an_operation_that_there_is(apis: Apis) -> None:
    unknown = []
    for collection in COLLECTIONS.values():
        for request in collection.requests:
            service, _, path = request.url.removeprefix("{{").partition("}}")
            path = re.sub(r"\{\{\w+\}\}", "x", path.partition("?")[0])
            served = apis.apps[service].openapi()["paths"]
            fits = [
                template
                for template, methods in served.items()
                if request.method.lower() in methods
                and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
            ]
            unknown += [] if fits else [request.title]
    assert unknown == []


def test_the_files_have_no_assertion_that_other_clients_would_send_as_a_body() -> None:
    for name in rest.FILES:
        assert "\n??" not in (rest.REST / f"{name}.http").read_text()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("### Bare\nGET {{intake}}/v1/complaints\n", "expect"),
        ("### Half\n# expect status == 200\nGET\n", "METHOD"),
    ],
)
def test_a_request_that_is_not_written_as_the_others_is_refused_by_its_title(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "wrong.http").write_text(text)
    with pytest.raises(ValueError, match=f"^(Bare|Half): .*{reason}"):
        rest.read(tmp_path / "wrong.http")


def test_the_lock_names_no_download_address() -> None:
    assert "resolved" not in (rest.REST / "package-lock.json").read_text()


def test_keys_are_written_for_their_owner_alone_and_git_ignores_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.json").write_text(
        json.dumps({"keys": {"crm": "k"}, "services": {"intake": {"url": "http://127.0.0.1:1"}}})
    )
    clients = tmp_path / "rest"
    (clients / "bruno").mkdir(parents=True)
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path))
    monkeypatch.setattr(rest, "REST", clients)
    assert rest.keys() == 0
    private, dotenv = clients / "http-client.private.env.json", clients / "bruno" / ".env"
    assert json.loads(private.read_text())["local"] == {"intake": "http://127.0.0.1:1", "crm_key": "k"}
    assert dotenv.read_text() == "REDRESS_CRM_KEY=k\n"
    assert {path.stat().st_mode & 0o777 for path in (private, dotenv)} == {0o600}
    ignored = (rest.ROOT / ".gitignore").read_text()
    assert "/clients/rest/http-client.private.env.json\n/clients/rest/bruno/.env\n" in ignored


def test_without_a_running_system_there_are_no_keys_and_it_is_said_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path))
    assert rest.keys() == 1
    assert "make run" in capsys.readouterr().err
