"""The rules of the objectives are those that their file asks for."""

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.deploy.prometheus.rules import ROOT

if TYPE_CHECKING:
    from scripts import slo_rules
else:
    # Scripts are run by path and are no package.
    spec = importlib.util.spec_from_file_location("slo_rules", ROOT / "scripts" / "slo_rules.py")
    slo_rules = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(slo_rules)


def test_the_committed_rules_are_current() -> None:
    assert slo_rules.main("check") == 0


def test_a_drifted_a_missing_and_a_left_over_file_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slo_rules, "ROOT", tmp_path)
    monkeypatch.setattr(slo_rules, "RULES", tmp_path)
    assert slo_rules.main("write") == 0
    assert slo_rules.main("check") == 0
    (tmp_path / "slo-intake-latency.yml").write_text("groups: []\n")
    (tmp_path / "slo-notice-delivery.yml").unlink()
    (tmp_path / "slo-gone.yml").write_text("groups: []\n")
    assert slo_rules.main("check") == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "slo-gone.yml",
        "slo-intake-latency.yml",
        "slo-notice-delivery.yml",
    ]
    assert slo_rules.main("write") == 0
    assert slo_rules.main("check") == 0
    assert not (tmp_path / "slo-gone.yml").exists()


@pytest.mark.parametrize("objective", slo_rules.objectives(), ids=lambda objective: objective.name)
def test_an_objective_burns_by_two_windows_at_the_speeds_of_the_table(objective: slo_rules.Objective) -> None:
    path = slo_rules.RULES / f"slo-{objective.name}.yml"
    rules = [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    alerts = {rule["labels"]["severity"]: " ".join(rule["expr"].split()) for rule in rules if "alert" in rule}
    table = [
        ("page", "1h", "5m", 14.4),
        ("page", "6h", "30m", 6),
        ("ticket", "1d", "2h", 3),
        ("ticket", "3d", "6h", 1),
    ]
    chosen = f'{{slo="{objective.name}"}}'
    budget = f"{1 - objective.objective:.6g}"
    for severity, long, short, rate in table:
        assert (
            f"( slo:error_ratio:rate{short}{chosen} > {rate} * {budget} "
            f"and slo:error_ratio:rate{long}{chosen} > {rate} * {budget} "
            f"and slo:bad_events:increase{long}{chosen} >= {objective.least_bad} )"
        ) in alerts[severity]


def test_every_objective_says_what_is_good_and_needs_more_than_one_bad_event() -> None:
    for objective in slo_rules.objectives():
        assert 0.9 < objective.objective < 1
        assert objective.least_bad > 1
        assert objective.good_is
        assert objective.users
