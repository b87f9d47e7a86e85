import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main
from local.demo.complaints import made_up, real
from local.demo.loop import in_turns, newest
from local.demo.show import demo
from local.lock import held
from local.places import Places, write_json
from tests.local.test_stack import Machine, until

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x9b]")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "home", Path("config"))


def complaints(count: int, seed: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in made_up(count, seed).content.splitlines()]


def run_demo(places: Places, data: Path | None = None) -> int:
    return demo(places, data=data, count=10, seed=7, due_in=1)


def action(
    number: str, owner: str | None, severity: str = "minor", *, overdue: bool = False
) -> dict[str, Any]:
    return {"id": number, "owner": owner, "severity": severity, "overdue": overdue}


def test_the_same_seed_makes_the_same_complaints() -> None:
    assert made_up(200, 7) == made_up(200, 7)


def test_fewer_complaints_are_the_first_of_more() -> None:
    assert complaints(20, 7) == complaints(200, 7)[:20]


def test_another_seed_makes_other_complaints_under_other_ids() -> None:
    first, second = complaints(50, 7), complaints(50, 8)

    assert not {each["external_id"] for each in first} & {each["external_id"] for each in second}
    assert [each["description"] for each in first] != [each["description"] for each in second]


def test_made_up_people_live_where_no_mail_arrives() -> None:
    addresses = [each["complainant"]["email"] for each in complaints(200, 7)]

    assert all(address.endswith("@example.org") for address in addresses)


def test_made_up_complaints_are_of_every_severity_and_mostly_minor() -> None:
    severities = [each["reported_severity"] for each in complaints(1000, 7)]

    assert set(severities) == {"minor", "major", "critical"}
    assert severities.count("minor") > severities.count("major") > severities.count("critical")


def test_it_is_said_that_complaints_are_made_up() -> None:
    assert "made up (seed 7)" in made_up(10, 7).said


def test_the_rows_of_a_real_file_are_counted_though_a_text_has_line_breaks(tmp_path: Path) -> None:
    file = tmp_path / "complaints.csv"
    file.write_bytes(b'Complaint ID,Consumer complaint narrative\r\n1,"one\r\ntwo"\r\n2,short\r\n')

    source = real(file)

    assert (source.rows, source.profile) == (2, "cfpb")


@pytest.mark.parametrize("content", [b"", b"Complaint ID\r\n", b"\xff\xfe\x00"])
def test_a_file_without_complaints_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "complaints.csv"
    file.write_bytes(content)

    with pytest.raises(ValueError, match=re.escape(str(file))):
        real(file)


def test_without_a_running_system_it_says_how_to_start_one(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_demo(places) == 3

    assert capsys.readouterr().out.splitlines() == [
        "Redress is not running: start it in another terminal with `make run`, then come back."
    ]


def test_what_a_killed_run_has_left_is_no_running_system(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(places.run, {"services": {}, "keys": {}})

    assert run_demo(places) == 3

    assert "`make run`" in capsys.readouterr().out


def test_a_system_with_keys_of_its_own_is_refused_in_words(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(places.lock):
        write_json(places.run, {"services": {}, "keys": {}})

        assert run_demo(places) == 1

    assert "REDRESS_KEYS_FILE" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_named(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    with held(places.lock):
        write_json(places.run, {"services": {}, "keys": {}})

        assert run_demo(places, places.home / "nowhere.csv") == 1

    assert "nowhere.csv" in capsys.readouterr().out


@pytest.mark.parametrize(
    "option", [("--count", "0"), ("--due-in", "0"), ("--due-in", "nan"), ("--count", "x")]
)
def test_a_number_that_makes_no_sense_is_refused(option: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["demo", *option])

    assert refused.value.code == 2


def test_every_owner_has_a_turn_and_begins_with_the_gravest() -> None:
    actions = [
        action("a1", "a"),
        action("a2", "a", "critical"),
        action("a3", "a", "major"),
        action("b1", "b"),
    ]

    assert [each["id"] for each in in_turns(actions)] == ["a2", "b1", "a3", "a1"]


def test_what_is_late_already_comes_last_and_what_nobody_owns_not_at_all() -> None:
    actions = [
        action("late", "a", "critical", overdue=True),
        action("nobody's", None),
        action("b1", "b"),
        action("b2", "b"),
    ]

    assert [each["id"] for each in in_turns(actions)] == ["b1", "b2", "late"]


def test_a_list_is_read_no_further_than_its_first_older_item() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    def items() -> Iterator[dict[str, str]]:
        yield {"created_at": (now + timedelta(seconds=1)).isoformat()}
        yield {"created_at": (now - timedelta(seconds=1)).isoformat()}
        pytest.fail("read on")

    assert len(newest(items(), now)) == 1


class Fast(Machine):
    """A machine on which mails do not wait for others to the same person."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.environment |= {
            "REDRESS_NOTIFIER_SETTLE_SECONDS": "0.5",
            "REDRESS_NOTIFIER_DIGEST_WINDOW_SECONDS": "0",
        }

    def demo(self) -> subprocess.CompletedProcess[str]:
        # FORCE_COLOR would have rich write control characters into the pipe.
        return subprocess.run(
            [sys.executable, "-m", "local", "demo", "--count", "40", "--due-in", "2"],
            env={**self.environment, "FORCE_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def mails(self) -> int:
        return len(list((self.home / "mail").glob("*.eml")))


@pytest.fixture
def machine() -> Iterator[Fast]:
    with tempfile.TemporaryDirectory(prefix="redress-") as folder:
        Path(folder).chmod(0o711)
        machine = Fast(Path(folder) / "home")
        try:
            yield machine
        finally:
            machine.clean_up()


@pytest.mark.journey
def test_it_ends_with_owners_told_and_a_second_one_loads_nothing_new_but_tells_them_again(
    machine: Fast,
) -> None:
    machine.up()
    until(machine.is_up)

    first = machine.demo()
    mails = machine.mails()
    second = machine.demo()

    assert first.returncode == 0, first.stdout + first.stderr
    assert "40 rows: 40 created" in first.stdout
    assert re.search(r"owners told of (\d+) of the \1 actions", first.stdout)
    assert "below_threshold" in first.stdout
    assert "to payments.team@example.org: " in first.stdout
    assert mails > 1
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing new" in second.stdout
    assert "40 rows: 40 unchanged" in second.stdout
    assert re.search(r"owners told of (\d+) of the \1 actions", second.stdout)
    assert machine.mails() > mails
    assert not CONTROL.search(first.stdout + second.stdout)
