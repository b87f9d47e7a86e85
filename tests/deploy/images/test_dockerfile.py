"""The Dockerfile, read without an engine."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.compose.document import SERVICES
from tests.deploy.images.dockerfile import FILE, ROOT, Stage, read_stages, sent

TEXT = FILE.read_text()


def wrong_copies(service: str, text: str = TEXT) -> list[str]:
    """Name every source that is not in the workspace, is kept out of the build, or is of no earlier stage."""
    wrong, names = [], set()
    for stage in read_stages({"SERVICE": service}, text):
        for copy in stage.copies:
            if copy.stage is not None:
                wrong += [] if copy.stage in names else [f"stage {copy.stage}"]
                continue
            wrong += [each for each in copy.sources if not ((ROOT / each).exists() and sent(each))]
        names.add(stage.name)
    return wrong


def wrong_end(stage: Stage) -> list[str]:
    """Say what of the last stage lets the service run as root, or not be process 1."""
    wrong = []
    if not re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", stage.user):
        wrong.append(f"USER {stage.user}")
    if not stage.entrypoint or not stage.entrypoint[0].startswith("/"):
        wrong.append("ENTRYPOINT")
    return wrong


def unpinned(text: str = TEXT) -> list[str]:
    stages = read_stages({"SERVICE": "intake"}, text)
    names = {stage.name for stage in stages} | {"scratch"}
    bases = {stage.base for stage in stages} - names
    return [base for base in bases if not re.search(r":\d+\.\d+-", base)]


@pytest.mark.parametrize("service", SERVICES)
def test_everything_that_is_copied_exists_and_reaches_the_build(service: str) -> None:
    assert wrong_copies(service) == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_service_runs_as_a_numeric_user_that_is_not_root_and_is_process_1(service: str) -> None:
    assert wrong_end(read_stages({"SERVICE": service})[-1]) == []


def test_the_base_image_is_pinned() -> None:
    assert unpinned() == []


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_says_what_it_is(service: str) -> None:
    labels = read_stages({"SERVICE": service, "COMMIT": "abc123"})[-1].labels
    assert labels["org.opencontainers.image.title"] == f"redress-{service}"
    assert labels["org.opencontainers.image.revision"] == "abc123"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_no_other_service_and_nothing_for_people_or_demonstrations_reaches_an_image() -> None:
    for service in SERVICES:
        copied = {
            each
            for stage in read_stages({"SERVICE": service})
            for copy in stage.copies
            for each in copy.sources
        }
        assert not [
            each for each in copied for other in set(SERVICES) - {service} if f"services/{other}" in each
        ]
    assert not [path for path in ("tests", ".git", ".env", "deploy/secrets", "docs", ".venv") if sent(path)]
    assert not [path for path in ("config/triage.demo.toml", "config/people.example.json") if sent(path)]
    assert sent("services/capa/src/capa/__main__.py")


def test_mistakes_in_the_dockerfile_are_found() -> None:
    assert wrong_copies("intake", TEXT.replace("COPY libs libs", "COPY lib libs")) == ["lib"]
    assert wrong_copies("intake", TEXT.replace("COPY libs libs", "COPY docs docs")) == ["docs"]
    assert wrong_copies("capa", TEXT.replace("--from=build /venv", "--from=built /venv")) == ["stage built"]
    for user in ("0:0", "root", "redress", "10001:0"):
        changed = read_stages({"SERVICE": "capa"}, TEXT.replace("USER 10001:10001", f"USER {user}"))
        assert wrong_end(changed[-1]) == [f"USER {user}"]
    shell = read_stages({"SERVICE": "capa"}, TEXT.replace('["/venv/bin/redress"]', "python -m capa"))
    assert wrong_end(shell[-1]) == ["ENTRYPOINT"]
    assert unpinned(TEXT.replace("PYTHON=3.13-slim-trixie", "PYTHON=latest")) == ["python:latest"]


def linted(file: Path) -> str:
    outcome = subprocess.run([ROOT / ".venv/bin/hadolint", file], capture_output=True, text=True, check=False)
    return outcome.stdout


def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    planted = tmp_path / "Dockerfile"
    planted.write_text(TEXT.replace("USER 10001:10001", "USER root"))
    assert linted(FILE) == ""
    assert "DL3002" in linted(planted)
