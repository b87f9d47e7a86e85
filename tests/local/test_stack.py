import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.lock import held, holder
from local.people import load_people
from local.postgres import Server
from local.processes import Process
from local.web import call
from tests.local.ports import free_ports

STOPS_WITHIN = 10
"""Seconds that the design grants from Ctrl-C until everything is down."""


class Machine:
    """A machine of one's own: a home folder, ports, and whatever `python -m local up` starts there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {**os.environ, **free_ports(), "REDRESS_HOME": str(home)}
        self.output = home.parent / "output.txt"
        self._started: list[subprocess.Popen[bytes]] = []

    def up(self) -> subprocess.Popen[bytes]:
        with self.output.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "local", "up"],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local", *command],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def said(self) -> str:
        return self.output.read_text()

    def is_up(self) -> bool:
        ended = self._started[-1].poll()
        assert ended is None, f"ended with {ended}: {self.said()}"
        try:
            # An earlier run that was killed leaves its own behind, and the next one takes that away.
            return bool(self.described()["pid"] == self._started[-1].pid)
        except FileNotFoundError:
            return False

    def described(self) -> Any:
        return json.loads((self.home / "run.json").read_text())

    def running(self) -> dict[str, Process]:
        return {
            name: Process(*entry)
            for name, entry in json.loads((self.home / "processes.json").read_text()).items()
        }

    def clean_up(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.run("reset", "--yes")


def until(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="redress-") as folder:
        Path(folder).chmod(0o711)
        machine = Machine(Path(folder) / "home")
        try:
            yield machine
        finally:
            machine.clean_up()


def test_a_second_run_is_told_of_the_first(machine: Machine) -> None:
    with held(machine.home / "lock"):
        second = machine.run("up")

    assert second.returncode == 3
    assert f"runs already from {machine.home} (process {os.getpid()})" in second.stderr


def test_a_busy_port_is_told_before_anything_is_started(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        machine.environment["REDRESS_CAPA_API_PORT"] = str(port)

        refused = machine.run("up")

    assert refused.returncode == 2
    assert f"Port {port} is busy" in refused.stderr
    assert "REDRESS_CAPA_API_PORT=<port>" in refused.stderr
    assert not (machine.home / "postgres").exists()


def test_a_run_that_is_stopped_while_it_starts_leaves_nothing_running(machine: Machine) -> None:
    run = machine.up()
    server = Server(machine.home / "postgres")
    until(lambda: server.pid is not None)

    run.send_signal(signal.SIGINT)

    assert run.wait(60) == 0
    assert server.pid is None
    assert "Stopped." in machine.said()


@pytest.mark.journey
def test_the_printed_curl_line_is_accepted_as_it_stands(machine: Machine) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    machine.up()
    until(machine.is_up)
    line = (machine.home / "curl.txt").read_text().strip()
    assert line in machine.said()

    answer = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True, timeout=30)

    assert " 201 " in answer.stdout.splitlines()[0]


@pytest.mark.journey
def test_the_owners_that_the_policies_name_can_be_reached_and_a_refused_person_loses_no_other(
    machine: Machine,
) -> None:
    machine.up()
    until(machine.is_up)
    described = machine.described()
    notifier, key = described["services"]["notifier"]["url"], described["keys"]["admin"]
    good = {
        "id": "anna.berg",
        "name": "Anna Berg",
        "email": "anna.berg@example.org",
        "timezone": "Europe/Berlin",
    }
    bad = good | {"id": "bad.zone", "timezone": "Nowhere/Land"}

    loaded = load_people(notifier, key, [bad, good])

    assert loaded.taken == 1
    assert [refused.partition(":")[0] for refused in loaded.refused] == ["bad.zone"]
    people = call("GET", f"{notifier}/v1/people", key=key)
    known = {person["id"] for person in people["items"]}
    assert {"quality.desk", "credit.team", "head.of.quality", "anna.berg"} <= known


@pytest.mark.journey
def test_a_killed_service_comes_back_and_a_stop_ends_everything_in_time(machine: Machine) -> None:
    run = machine.up()
    until(machine.is_up)
    before = machine.running()

    os.kill(before["capa"].pid, signal.SIGKILL)
    until(lambda: machine.running().get("capa", before["capa"]) != before["capa"])
    assert "capa was killed by SIGKILL; it is started again" in machine.said()
    until(lambda: machine.run("status").returncode == 0)

    everything = machine.running()
    run.send_signal(signal.SIGINT)
    assert run.wait(STOPS_WITHIN) == 0
    assert not any(process.alive for process in everything.values())
    assert not (machine.home / "run.json").exists()


@pytest.mark.journey
def test_after_the_supervisor_was_killed_the_next_run_clears_up_and_keeps_keys_and_complaints(
    machine: Machine,
) -> None:
    first = machine.up()
    until(machine.is_up)
    described = machine.described()
    intake, key = described["services"]["intake"]["url"], described["keys"]["crm"]
    complaint = {
        "external_id": "KEPT-1",
        "channel": "phone",
        "reported_severity": "major",
        "product": "credit-card",
    }
    call(
        "POST", f"{intake}/v1/complaints", key=key, body=complaint | {"description": "Nobody called me back."}
    )
    orphans = machine.running()

    first.kill()
    first.wait()
    assert holder(machine.home / "lock") is None
    machine.up()
    until(machine.is_up)

    assert not any(process.alive for process in orphans.values())
    assert "was killed before it could stop" in machine.said()
    assert machine.described()["keys"] == described["keys"]
    kept = call("GET", f"{intake}/v1/complaints?external_id=KEPT-1", key=key)
    assert len(kept["items"]) == 1
