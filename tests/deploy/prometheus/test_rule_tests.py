"""The rules' own tests (`promtool test rules`) pass, and leave no alert untested either way."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus.rules import PROMETHEUS, RULE_TESTS, RUNBOOKS, Rule, alerts, with_every_alert
from tests.support.outside_tools import need_tool, run_tool

_CASE = re.compile(r'alertname=\\?"(\w+)\\?", alertstate=\\?"firing\\?", severity=\\?"(\w+)\\?"')
_RENDERED = re.compile(r"Labels:\{(?P<labels>.*)\}\n\s*Annotations:\{(?P<annotations>.*)\}")
AlertId = tuple[str, str]


@pytest.fixture(scope="module", name="promtool")
def fixture_promtool() -> str:
    return need_tool("promtool", "prometheus")


def failures(promtool: str, folder: Path) -> set[AlertId]:
    """The alerts of which some case fails."""
    _, said = run_tool(promtool, "test", "rules", *sorted(folder.glob("*.yml")))
    return set(_CASE.findall(said))


def cases() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every case with the file and the group that it stands in."""
    for path in sorted(RULE_TESTS.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["tests"]:
            for case in group["promql_expr_test"]:
                yield path.name, group, case


def test_every_rule_does_what_its_tests_say(promtool: str) -> None:
    code, said = run_tool(promtool, "test", "rules", *sorted(RULE_TESTS.glob("*.yml")))
    assert code == 0, said


def test_every_alert_has_a_test_in_which_it_fires(promtool: str, tmp_path: Path) -> None:
    def never(rule: Rule) -> None:
        rule["expr"] = "vector(0) > 1"

    assert failures(promtool, with_every_alert(tmp_path, never)) == {alert.id for alert in alerts()}


def test_every_alert_has_a_test_in_which_it_keeps_silent(promtool: str, tmp_path: Path) -> None:
    def always(rule: Rule) -> None:
        rule["expr"] = "vector(1)"
        rule.pop("for", None)

    talkative = {("Watchdog", "none")}  # whose purpose is to fire always
    expected = {alert.id for alert in alerts()} - talkative
    assert failures(promtool, with_every_alert(tmp_path, always)) == expected


def test_no_case_asks_for_the_time_after_its_data_end() -> None:
    for file, group, case in cases():
        at = int(case["eval_time"].removesuffix("m"))
        lengths = [
            _length(series["values"]) for series in group["input_series"] if "stale" not in series["values"]
        ]
        assert at < max(lengths), f"{file}: {group['name']} at {at}m"


def test_every_alert_says_in_words_what_it_found(promtool: str, tmp_path: Path) -> None:
    # Asked for no alert, promtool shows those that it got, with their texts filled in.
    asked: dict[str, list[dict[str, Any]]] = {}
    for file, group, case in cases():
        if not case["exp_samples"]:
            continue
        name = _CASE.findall(case["expr"])[0][0]
        wanted = {"alertname": name, "eval_time": case["eval_time"], "exp_alerts": []}
        asked.setdefault(file, []).append(
            {
                **group,
                "promql_expr_test": [],
                "alert_rule_test": [wanted],
                "external_labels": {"runbooks": "https://books"},
            }
        )
    for file, groups in asked.items():
        content = {
            "rule_files": [str(PROMETHEUS / "rules" / file)],
            "evaluation_interval": "1m",
            "tests": groups,
        }
        (tmp_path / file).write_text(yaml.safe_dump(content))
    _, said = run_tool(promtool, "test", "rules", *sorted(tmp_path.glob("*.yml")))
    found = [(match["labels"], match["annotations"]) for match in _RENDERED.finditer(said)]
    named = {
        (re.findall(r'alertname="(\w+)"', labels)[0], re.findall(r'severity="(\w+)"', labels)[0])
        for labels, _ in found
    }
    assert named == {alert.id for alert in alerts()}
    for labels, annotations in found:
        assert "no value" not in annotations, (labels, annotations)
        assert "error expanding" not in annotations, annotations
        assert "{{" not in annotations
        link = re.findall(r'runbook_url="https://books/([a-z-]+\.md)"', annotations)
        assert (RUNBOOKS / link[0]).is_file()


def _length(values: str) -> int:
    """Count the samples of promtool's notation: `a+bxn` and `axn` are n + 1, `a` is one."""
    return sum(int(each.rpartition("x")[2]) + 1 if "x" in each else 1 for each in values.split())
