import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local import processes
from local.processes import Process
from local.supervisor import Program, StartFailedError, Supervisor, stop_leftovers
from tests.support.waiting import until

READY = "print('ready', flush=True)\n"
STAYS = READY + "import signal; signal.pause()"
ENDS_CLEANLY = (
    "import signal, sys\n"
    "def end(*_): print('goodbye', flush=True); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, end)\n" + STAYS
)
IGNORES_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + STAYS


def program(folder: Path, code: str, name: str = "child") -> Program:
    log = folder / f"{name}.log"

    async def ready() -> bool:
        return "ready" in said(log)

    return Program(name, (sys.executable, "-c", code), dict(os.environ), log, ready)


def said(log: Path) -> str:
    return log.read_text() if log.exists() else ""


class Talk:
    """What the supervisor told the person at the terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def tells(self, words: str) -> Callable[[], bool]:
        return lambda: any(words in line for line in self.lines)


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "processes.json"


@asynccontextmanager
async def supervising(
    record: Path, talk: Talk, *programs: Program, delay: float = 0.01
) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(programs, record=record, say=talk, first_delay=delay)
    try:
        yield supervisor
    finally:
        await supervisor.stop([one.name for one in programs], within=0)


async def test_a_killed_child_is_started_again_and_the_person_is_told(
    tmp_path: Path, record: Path, talk: Talk
) -> None:
    async with supervising(record, talk, program(tmp_path, STAYS)) as supervisor:
        await supervisor.start(within=30)
        first = supervisor.pids["child"]

        os.kill(first, signal.SIGKILL)

        await until(lambda: supervisor.pids.get("child", first) != first)
        assert talk.tells("child was killed by SIGKILL; it is started again")()


async def test_a_child_is_given_time_to_end_by_itself(tmp_path: Path, record: Path, talk: Talk) -> None:
    async with supervising(record, talk, program(tmp_path, ENDS_CLEANLY)) as supervisor:
        await supervisor.start(within=30)

        await supervisor.stop(["child"], within=30)

        assert said(tmp_path / "child.log").splitlines() == ["ready", "goodbye"]
        assert supervisor.pids == {}
        assert talk.lines == []


async def test_a_child_that_does_not_end_by_itself_is_killed(
    tmp_path: Path, record: Path, talk: Talk
) -> None:
    async with supervising(record, talk, program(tmp_path, IGNORES_TERM)) as supervisor:
        await supervisor.start(within=30)
        child = processes.find(supervisor.pids["child"])
        assert child is not None

        await supervisor.stop(["child"], within=0.1)

        assert not child.alive
        assert talk.tells("child did not end by itself and is killed")()


async def test_hurry_cuts_the_waiting_short(tmp_path: Path, record: Path, talk: Talk) -> None:
    hurry = asyncio.Event()
    async with supervising(record, talk, program(tmp_path, IGNORES_TERM)) as supervisor:
        await supervisor.start(within=30)
        hurry.set()

        await asyncio.wait_for(supervisor.stop(["child"], within=3_600, hurry=hurry), 30)

        assert supervisor.pids == {}


async def test_only_the_named_ones_are_stopped(tmp_path: Path, record: Path, talk: Talk) -> None:
    both = [program(tmp_path, STAYS, name) for name in ("service", "mailbox")]
    async with supervising(record, talk, *both) as supervisor:
        await supervisor.start(within=30)

        await supervisor.stop(["service"], within=30)

        assert list(supervisor.pids) == ["mailbox"]


async def test_a_child_that_waits_to_be_started_again_can_be_stopped(
    tmp_path: Path, record: Path, talk: Talk
) -> None:
    async with supervising(record, talk, program(tmp_path, STAYS), delay=3_600) as supervisor:
        await supervisor.start(within=30)
        os.kill(supervisor.pids["child"], signal.SIGKILL)
        await until(talk.tells("started again in 3600 s"))

        await asyncio.wait_for(supervisor.stop(["child"], within=30), 30)

        assert supervisor.pids == {}


async def test_a_child_that_was_told_something_wrong_fails_the_start_with_its_own_words(
    tmp_path: Path, record: Path, talk: Talk
) -> None:
    wrong = "import sys; print('REDRESS_PEPPER is missing: set it.'); sys.exit(2)"
    async with supervising(record, talk, program(tmp_path, wrong)) as supervisor:
        with pytest.raises(
            StartFailedError, match=r"(?s)child ended with exit code 2 .*REDRESS_PEPPER is missing"
        ):
            await supervisor.start(within=30)

    assert said(tmp_path / "child.log").count("REDRESS_PEPPER") == 1


async def test_a_child_that_ends_again_and_again_before_it_is_ready_fails_the_start(
    tmp_path: Path, record: Path, talk: Talk
) -> None:
    async with supervising(record, talk, program(tmp_path, "raise SystemExit('no luck')")) as supervisor:
        with pytest.raises(StartFailedError, match=r"(?s)child ended with exit code 1 .*no luck"):
            await supervisor.start(within=30)

    assert said(tmp_path / "child.log").count("no luck") == 3


async def test_a_child_that_never_becomes_ready_is_named(tmp_path: Path, record: Path, talk: Talk) -> None:
    never = "print('still thinking', flush=True); import signal; signal.pause()"
    both = [program(tmp_path, STAYS, "quick"), program(tmp_path, never, "slow")]
    async with supervising(record, talk, *both) as supervisor:
        with pytest.raises(StartFailedError) as failed:
            await supervisor.start(within=2)

    assert "slow was not ready" in str(failed.value)
    assert "quick" not in str(failed.value)


async def test_a_command_that_does_not_exist_fails_the_start(
    tmp_path: Path, record: Path, talk: Talk
) -> None:
    absent = Program("child", (str(tmp_path / "absent"),), {}, tmp_path / "log", program(tmp_path, "").ready)
    async with supervising(record, talk, absent) as supervisor:
        with pytest.raises(StartFailedError, match="child cannot be started"):
            await supervisor.start(within=30)


async def test_an_overlong_log_is_put_aside_at_the_next_start(
    tmp_path: Path, record: Path, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.supervisor.LARGEST_LOG", 10)
    (tmp_path / "child.log").write_text("what an earlier run had to say\n")
    async with supervising(record, talk, program(tmp_path, STAYS)) as supervisor:
        await supervisor.start(within=30)

    assert said(tmp_path / "child.log.1") == "what an earlier run had to say\n"
    assert said(tmp_path / "child.log") == "ready\n"


def test_what_a_killed_supervisor_left_running_is_stopped_by_the_next_one(
    tmp_path: Path, record: Path
) -> None:
    code = (
        "import asyncio, os, signal, sys; from pathlib import Path\n"
        "from tests.local.test_supervisor import program, Supervisor, STAYS\n"
        "async def main():\n"
        "    folder = Path(sys.argv[1])\n"
        "    await Supervisor([program(folder, STAYS)], record=folder / 'processes.json', say=print).start(within=30)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())"
    )
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    orphan = Process(*json.loads(record.read_text())["child"])
    assert processes.find(orphan.pid) == orphan

    assert stop_leftovers(record, within=30) == ["child"]

    assert processes.find(orphan.pid) is None
    assert not record.exists()


def test_a_process_that_only_has_the_id_of_an_old_child_is_left_alone(record: Path) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "120"])
    try:
        record.write_text(json.dumps({"child": [stranger.pid, "long ago"]}))

        assert stop_leftovers(record, within=1) == []

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
