"""The images, built by a real builder from the Dockerfile, and run as an engine runs them."""

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chassis.settings import ServiceSettings
from tests.deploy.compose.document import SERVICES
from tests.deploy.databases import MadeDatabases, made_databases
from tests.deploy.images.builder import Builder, BuildFailedError, need_builder
from tests.deploy.images.container import Image
from tests.deploy.images.dockerfile import FILE
from tests.support.waiting import until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

LIBRARIES = {"redress-chassis", "redress-common", "redress-events", "redress-worktime"}
CONFIG = {
    "intake": {
        "calendars",
        "clocks",
        "clocks.toml",
        "closing.toml",
        "import-profiles",
        "oidc.toml",
        "retention.toml",
    },
    "capa": {"calendars", "cases.toml", "oidc.toml", "signals.toml", "triage.toml"},
    "notifier": {"calendars", "ladders.toml", "oidc.toml"},
}
OWN_LIBRARIES = {"intake": set[str](), "capa": {"redress-quality"}, "notifier": set[str]()}
LARGEST_MEGABYTES = {"intake": 160, "capa": 460, "notifier": 160}
"""Of what an image has beyond its base; SciPy, NumPy and what sets PDFs are most of capa's."""

STARTED_WITHIN = 30.0
STOPPED_WITHIN = ServiceSettings.model_fields["stop_timeout_seconds"].default + 15


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    need_builder()
    made = Builder(tmp_path_factory.mktemp("images"))
    try:
        made.make_base()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeDatabases]:
    folder = tmp_path_factory.mktemp("databases")
    with made_databases(folder) as made:
        yield made


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def image(builder: Builder, service: str) -> Iterator[Image]:
    name = builder.build(service)
    with builder.mounted(name) as tree:
        yield Image(tree, builder.describe(name))


def test_an_image_says_who_it_is_and_runs_as_nobody_special(image: Image, service: str) -> None:
    assert image.config["User"] == "10001:10001"
    assert image.config["Entrypoint"] == ["/venv/bin/redress"]
    assert image.config["Cmd"] == ["all"]
    assert set(image.config["ExposedPorts"]) == {"8000/tcp", "9000/tcp"}
    assert image.config["Labels"]["org.opencontainers.image.title"] == f"redress-{service}"
    assert image.config["Labels"]["org.opencontainers.image.revision"] == "abc1234"


def test_an_image_holds_its_own_service_and_what_that_needs_and_nothing_else(
    image: Image, service: str
) -> None:
    program = "import importlib.metadata as m, json; print(json.dumps(sorted(d.name.lower() for d in m.distributions())))"
    outcome = image.run("-c", program, entrypoint=["/venv/bin/python"])
    held = set(json.loads(outcome.stdout))
    assert {name for name in held if name.startswith("redress-")} == (
        LIBRARIES | OWN_LIBRARIES[service] | {f"redress-{service}"}
    )
    assert not held & {"pip", "pytest", "hatchling", "uv", "mypy", "ruff"}
    others = [*(other for other in SERVICES if other != service), "tests", "local", "pip"]
    found = f"import importlib.util as u; print([n for n in {others!r} if u.find_spec(n)])"
    assert image.run("-c", found, entrypoint=["/venv/bin/python"]).stdout.strip() == "[]"
    assert {path.name for path in (image.tree / "config").iterdir()} == CONFIG[service]


def test_an_image_is_no_larger_than_it_should_be(builder: Builder, service: str) -> None:
    whole, own = builder.size(f"redress-{service}:built")
    print(f"{service}: {whole / 1e6:.0f} MB, of them {own / 1e6:.0f} MB beyond the base")  # noqa: T201 - for the guide
    assert own < LARGEST_MEGABYTES[service] * 1e6


@pytest.mark.parametrize("role", ["api", "worker", "all", "migrate", "topics"])
def test_every_command_explains_itself(image: Image, role: str) -> None:
    outcome = image.run(role, "--help")
    assert (outcome.returncode, outcome.stdout.startswith("usage:")) == (0, True), outcome.stderr


def test_nothing_in_an_image_can_be_written_by_the_service(image: Image) -> None:
    places = ["/venv/lib", "/config", "/usr/lib", "/etc", "/keys"]
    program = f"import os; print([p for p in {places!r} if os.access(p, os.W_OK)])"
    assert image.run("-c", program, entrypoint=["/venv/bin/python"]).stdout.strip() == "[]"


async def test_an_image_migrates_serves_and_stops_cleanly_as_process_1(
    image: Image, service: str, databases: MadeDatabases, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / f"redress_{service}_database_url").write_text(databases.url(service))
    (secrets / "redress_pepper").write_text(databases.secret("redress_pepper"))
    api, metrics = free_port(), free_port()
    variables = {
        "REDRESS_SECRETS_DIR": "/mnt",
        # Kafka is away: that keeps no process from serving or from stopping.
        "REDRESS_TRANSPORT": "kafka",
        "REDRESS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "REDRESS_API_HOST": "127.0.0.1",
        "REDRESS_METRICS_HOST": "127.0.0.1",
        "REDRESS_API_PORT": str(api),
        "REDRESS_METRICS_PORT": str(metrics),
    }
    mounts = {secrets: "/mnt"}
    migrated = image.run("migrate", variables=variables, mounts=mounts)
    assert migrated.returncode == 0, migrated.stderr
    began = time.monotonic()
    with image.started(variables=variables, mounts=mounts, output=tmp_path / "said") as started:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api}") as client:

            async def ready() -> bool:
                assert started.process.poll() is None, started.said()
                try:
                    return (await client.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(ready, seconds=STARTED_WITHIN, what=started.said())
            print(f"{service}: ready after {time.monotonic() - began:.1f} s")  # noqa: T201 - for the guide
            measured = (await client.get(f"http://127.0.0.1:{metrics}/metrics")).text
        assert re.search(rf'build_info\{{[^}}]*commit="abc1234"[^}}]*service="{service}"', measured)
        assert started.status("NSpid").split()[-1] == "1"
        assert started.status("Uid").split() == ["10001"] * 4
        assert int(started.status("CapEff"), 16) == 0
        began = time.monotonic()
        assert started.stop(within=STOPPED_WITHIN) == 0, started.said()
        print(f"{service}: stopped after {time.monotonic() - began:.1f} s")  # noqa: T201 - for the guide


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def test_a_missing_package_is_found(builder: Builder) -> None:
    import shutil

    name = builder.build("intake")
    with builder.mounted(name) as tree:
        image = Image(tree, builder.describe(name))
        assert image.run("api", "--help").returncode == 0
        (package,) = tree.glob("venv/lib/python3*/site-packages/structlog")
        shutil.rmtree(package)
        outcome = image.run("api", "--help")
    assert outcome.returncode != 0
    assert "structlog" in outcome.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("COPY libs libs", "COPY lib libs", "lib"),
        ("COPY libs libs", "COPY libs/events libs/events", "redress-chassis"),
        ("--require-hashes -r requirements.lock", "--require-hashes -r requirement.lock", "requirement.lock"),
    ],
)
def test_a_wrong_step_ends_the_build(builder: Builder, right: str, wrong: str, said: str) -> None:
    text = FILE.read_text()
    assert right in text
    with pytest.raises(BuildFailedError, match=said):
        builder.build("intake", text=text.replace(right, wrong))
