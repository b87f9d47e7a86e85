"""Reading the triage policy."""

from pathlib import Path

import pytest

from capa.settings import CapaSettings, read_policy
from capa.settings.case_policy import read_case_policy
from chassis.settings import CannotStart
from tests.capa.world import CONFIG, the_policy

CALENDARS = CONFIG / "calendars"


def damaged(folder: Path, old: str, new: str) -> Path:
    text = (CONFIG / "triage.toml").read_text(encoding="utf-8")
    assert old in text
    file = folder / "triage.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_the_demo_policy_has_the_same_rules_and_due_times_in_seconds() -> None:
    everyday, demo = the_policy(), the_policy("triage.demo.toml")
    assert (demo.rules, demo.assignments, demo.link_window) == (
        everyday.rules,
        everyday.assignments,
        everyday.link_window,
    )
    assert {severity.value: str(due) for severity, due in demo.due.items()} == {
        "critical": "20s",
        "major": "40s",
        "minor": "90s",
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('result = "raise"', 'result = "rise"', "rules.1.result"),
        ('major = "2wd"', 'major = "2 days"', "due.major"),
        ('major = "2wd"', 'major = "99999wd"', "due.major"),
        ('name = "minor"', 'name = "minor"\nchannel = "phone"', "the last rule, 'minor'"),
        ('name = "minor"', 'name = "minor"\nsite = "plant-*"', "the last rule, 'minor'"),
        ('severity_at_least = "major"\n', "", "rule 1 matches everything"),
        ("link_window_days = 30", "link_window = 30", "link_window"),
        ('calendar = "default"', 'calendar = "nowhere"', "nowhere.toml cannot be read"),
        ('owner = "quality.desk"\nteam = "quality"', "", "name an owner"),
        ('owner = "quality.desk"', 'owner = "Quality Desk!"', "default_assignment.owner"),
        ('version = "1"', "version = ", "is no TOML"),
    ],
)
def test_a_damaged_policy_stops_the_process_with_its_file_and_field(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    file = damaged(tmp_path, old, new)
    with pytest.raises(CannotStart) as stopped:
        read_policy(file, CALENDARS)
    assert said in str(stopped.value)
    assert ".toml" in str(stopped.value)


def test_a_setting_names_another_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_CAPA_DATABASE_URL", "postgresql://nobody@localhost/none")
    monkeypatch.setenv("REDRESS_CONFIG_DIR", "/etc/redress")
    files = [CapaSettings().triage_policy_file]
    monkeypatch.setenv("REDRESS_CAPA_TRIAGE_POLICY", "config/triage.demo.toml")
    files.append(CapaSettings().triage_policy_file)
    assert files == [Path("/etc/redress/triage.toml"), Path("config/triage.demo.toml")]


def test_a_removal_that_has_come_to_remove_nothing_is_logged_and_the_process_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = (CALENDARS / "default.toml").read_text(encoding="utf-8")
    removal = '[[holidays.remove]]\ndate = 2026-12-28\nreason = "the desk is staffed"\n'
    (tmp_path / "default.toml").write_text(text + removal, encoding="utf-8")

    read_policy(CONFIG / "triage.toml", tmp_path)

    assert "2026-12-28 is no public holiday here" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('first = "high"', 'first = "huge"', "matrix.critical.first"),
        ('term = "2wd"', 'term = "two days"', "screening.term"),
        ('complete = "90d"', 'complete = "99999wd"', "terms.low.complete"),
        ("severity = [1, 10]", "severity = [2, 10]", "action_priority says nothing of severity 1"),
        ('management = ["high"]', 'managers = ["high"]', "managers"),
        ("look_days = 30", "look_days = 366", "look_days is longer than watch_days"),
        ("watch_days = 365", "watch_days = 0", "recurrence.watch_days"),
    ],
)
def test_a_policy_of_cases_that_cannot_be_followed_ends_the_start_naming_the_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (CONFIG / "cases.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "cases.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CannotStart) as refusal:
        read_case_policy(file, CALENDARS)
    assert said in str(refusal.value)
