import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes
from local.control import down, reset, status
from local.lock import held
from local.places import Places
from local.postgres import Server


@pytest.fixture
def places() -> Iterator[Places]:
    with tempfile.TemporaryDirectory(prefix="redress-") as folder:
        Path(folder).chmod(0o711)
        home = Path(folder) / "home"
        home.mkdir()
        yield Places(home, Path("config"))


@pytest.fixture
def orphan(places: Places) -> Iterator[subprocess.Popen[bytes]]:
    """A service that a killed run has left behind."""
    with subprocess.Popen(["/bin/sleep", "120"]) as process:
        found = processes.find(process.pid)
        assert found is not None
        places.processes.write_text(json.dumps({"capa": [found.pid, found.started]}))
        yield process
        process.kill()


def never(question: str) -> str:
    raise AssertionError(f"asked: {question}")


async def test_down_stops_what_a_killed_run_left_and_keeps_the_data(
    places: Places, orphan: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(places.postgres, durable=False)
    server.start()
    server.execute("CREATE TABLE fact AS SELECT 42 AS answer")

    assert await down(places) == 0

    assert orphan.poll() is not None
    assert not server.is_running()
    assert "Stopped capa" in capsys.readouterr().out
    server.start()
    assert server.execute("SELECT answer FROM fact") == "42"
    server.remove()


async def test_status_says_that_nothing_runs(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert await status(places) == 3

    assert "not running" in capsys.readouterr().out


async def test_reset_asks_before_it_deletes(places: Places) -> None:
    places.mail.mkdir()
    asked: list[str] = []

    def refuse(question: str) -> str:
        asked.append(question)
        return "n"

    assert await reset(places, agreed=False, ask=refuse) == 1

    assert str(places.home) in asked[0]
    assert places.mail.exists()


async def test_reset_deletes_everything_once_it_is_agreed(places: Places) -> None:
    Server(places.postgres, durable=False).start()
    places.mail.mkdir()
    (places.mail / "one.eml").write_text("Dear Anna")

    assert await reset(places, agreed=True, ask=never) == 0

    assert not places.home.exists()


async def test_reset_of_nothing_is_done_without_asking(places: Places) -> None:
    places.home.rmdir()

    assert await reset(places, agreed=False, ask=never) == 0


async def test_status_of_a_system_that_is_not_up_yet_is_not_ready(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(places.lock):
        assert await status(places) == 1

    assert "starting or stopping" in capsys.readouterr().out
