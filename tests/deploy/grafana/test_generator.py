"""The committed dashboards are what the generator makes, and the check says so when they are not."""

from pathlib import Path

import pytest

from deploy.grafana.generator.__main__ import COMMITTED, RUNBOOKS, files, main, stale
from deploy.grafana.generator.boards import BOARDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    main(["write", "--into", str(tmp_path)])
    return tmp_path


def test_the_committed_dashboards_are_current() -> None:
    assert stale(COMMITTED, files(RUNBOOKS)) == []


def test_what_was_written_is_current(folder: Path) -> None:
    assert main(["check", "--into", str(folder)]) == 0


@pytest.mark.parametrize("drift", ["changed", "missing", "left over"])
def test_a_drifted_folder_fails_the_check(
    folder: Path, drift: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = next(folder.rglob("redress-capa.json"))
    match drift:
        case "changed":
            path.write_text(path.read_text().replace("Open actions", "Actions"))
        case "missing":
            path.unlink()
        case _:
            path = path.with_name("redress-former.json")
            path.write_text("{}")
    assert main(["check", "--into", str(folder)]) == 1
    assert str(path) in capsys.readouterr().out


def test_writing_leaves_the_files_of_others_alone(folder: Path) -> None:
    other = folder / "of-somebody-else.json"
    other.write_text("{}")
    main(["write", "--into", str(folder)])
    assert other.read_text() == "{}"


def test_an_installation_can_name_where_its_runbooks_are_read(tmp_path: Path) -> None:
    main(["write", "--into", str(tmp_path), "--runbooks", "https://wiki.example/redress"])
    assert all(
        '"query": "https://wiki.example/redress"' in path.read_text() for path in tmp_path.rglob("*.json")
    )


def test_there_is_a_dashboard_for_each_view() -> None:
    assert {board.uid.removeprefix("redress-") for board in BOARDS} == {
        "overview",
        "intake",
        "capa",
        "notifier",
        "kafka",
        "postgresql",
        "business",
    }
