"""What the Dockerfile copies, as wheels beside the packages of the service's own lock and nothing else.

The images themselves are built by `test_built.py`; this one takes seconds and finds a wrong COPY or a missing package every
day, on any machine. Packages of the lock come from the environment of the tests, where they have the same versions.
"""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.compose.document import SERVICES
from tests.deploy.images.dockerfile import ROOT, read_stages, sent


@dataclass(frozen=True, slots=True)
class Installed:
    """A service and the folder with all that it may import."""

    service: str
    packages: Path

    def python(self, program: str) -> "subprocess.CompletedProcess[str]":
        """Run a program that sees the standard library and these packages."""
        start = f"import sys; sys.path.append({str(self.packages)!r})\n"
        return run(sys.executable, "-I", "-S", "-c", start + program)

    def help(self) -> "subprocess.CompletedProcess[str]":
        """Ask the service for its usage, which imports all that it runs on."""
        return self.python(f"from {self.service}.__main__ import main; main(['--help'])")


def run(*command: str | Path, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)


def copied(service: str, folder: Path) -> Path:
    """Carry out the COPY steps of the stage that builds, with what `.dockerignore` lets through."""
    (stage,) = (stage for stage in read_stages({"SERVICE": service}) if stage.name == "build")
    for copy in stage.copies:
        for source in copy.sources:
            target = folder / copy.target
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=kept_out)
            else:
                shutil.copy(ROOT / source, target)
    return folder


def kept_out(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not sent(str((Path(folder) / name).relative_to(ROOT)))]


def wheel(member: Path, folder: Path) -> Path:
    before = set(folder.glob("*.whl"))
    outcome = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=member)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (made,) = set(folder.glob("*.whl")) - before
    return made


def lend_locked(lock: Path, packages: Path) -> None:
    """Link the packages that the lock names, and only those, out of the environment of the tests."""
    for name in re.findall(r"^([a-z0-9-]+)==", lock.read_text(), re.MULTILINE):
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system
        for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__", "bin"}:
            link = packages / top
            if not link.exists():
                link.symlink_to(str(distribution.locate_file(top)))


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("libraries")
    build = copied("intake", folder / "build")
    return [wheel(member, folder) for member in sorted((build / "libs").iterdir())]


@pytest.fixture(scope="module", params=SERVICES)
def installed(
    request: pytest.FixtureRequest, libraries: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    service = str(request.param)
    folder = tmp_path_factory.mktemp(service)
    build, packages = copied(service, folder / "build"), folder / "packages"
    packages.mkdir()
    for file in [*libraries, wheel(build / "services" / service, folder)]:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(packages)
    lend_locked(build / "requirements.lock", packages)
    yield Installed(service, packages)
    shutil.rmtree(folder)


def test_every_module_can_be_imported_and_the_program_explains_itself(installed: Installed) -> None:
    statistics = ["quality"] if installed.service == "capa" else []
    imported = ["common", "events", "chassis", "worktime", *statistics, installed.service]
    program = f"""
import importlib, json, pkgutil
failed = []
for name in {imported!r}:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, name + "."):
        try:
            importlib.import_module(found.name)
        except ImportError as error:
            failed.append(f"{{found.name}}: {{error}}")
print(json.dumps(failed), flush=True)
importlib.import_module("{installed.service}.__main__").main(["--help"])
"""
    outcome = installed.python(program)
    assert outcome.returncode == 0, outcome.stderr
    failed, usage = outcome.stdout.split("\n", 1)
    assert json.loads(failed) == []
    assert usage.startswith("usage:")


def test_no_other_service_no_test_and_no_tool_of_developers_is_there(installed: Installed) -> None:
    others = [
        *(other for other in SERVICES if other != installed.service),
        "tests",
        "local",
        "pytest",
        "hatchling",
    ]
    found = installed.python(f"import importlib.util as u; print([n for n in {others!r} if u.find_spec(n)])")
    assert found.stdout.strip() == "[]"


def test_migrations_and_templates_travel_with_the_package_and_its_command(installed: Installed) -> None:
    source = ROOT / "services" / installed.service / "src" / installed.service
    files = [path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    wanted = {path.relative_to(source) for path in files if path.name != "script.py.mako"}
    assert {path for path in wanted if not (installed.packages / installed.service / path).exists()} == set()
    (entry,) = installed.packages.glob(f"redress_{installed.service}-*.dist-info/entry_points.txt")
    assert f"redress-{installed.service} = {installed.service}.__main__:main" in entry.read_text()


def test_a_missing_package_is_noticed(installed: Installed) -> None:
    package = installed.packages / "structlog"
    place = package.readlink()
    package.unlink()
    try:
        outcome = installed.help()
    finally:
        package.symlink_to(place)
    assert outcome.returncode != 0
    assert "No module named 'structlog'" in outcome.stderr
