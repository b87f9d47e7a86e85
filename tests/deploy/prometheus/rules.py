"""The committed rules, as tests read them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.known_metrics import KnownMetrics, known_metrics
from tests.support.queries import recorded

ROOT: Final = Path(__file__).resolve().parents[3]
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
RULES: Final = PROMETHEUS / "rules"
RULE_TESTS: Final = PROMETHEUS / "tests"
ALERTMANAGER: Final = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alerting rule; a page and a ticket of one name are two."""

    name: str
    severity: str
    rule: Rule

    @property
    def id(self) -> tuple[str, str]:
        """What tells alerts apart."""
        return self.name, self.severity

    @property
    def page(self) -> str:
        """The name of its runbook: its own in kebab case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", self.name).lower()


def rules(folder: Path = RULES) -> Iterator[Rule]:
    """Every rule of the files, in their order."""
    for path in sorted(folder.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[Alert]:
    """Every alert."""
    return [Alert(rule["alert"], rule["labels"]["severity"], rule) for rule in rules() if "alert" in rule]


def known_with_recorded() -> KnownMetrics:
    """Know what is exported and what the rules record."""
    records = [(rule["record"], rule["expr"], rule.get("labels", {})) for rule in rules() if "record" in rule]
    return recorded(records, known_metrics())


def with_every_alert(folder: Path, change: Callable[[Rule], None]) -> Path:
    """Copy rules and tests with every alert changed to ask for no series; gives the folder of the tests.

    The cases of a file stand in one group without data, since none is asked for, so that they run in a moment.
    """
    (folder / "rules").mkdir()
    (folder / "tests").mkdir()
    for path in RULES.glob("*.yml"):
        groups = yaml.safe_load(path.read_text())["groups"]
        changed = [rule for group in groups for rule in group["rules"] if "alert" in rule]
        for rule in changed:
            change(rule)
        (folder / "rules" / path.name).write_text(
            yaml.safe_dump({"groups": [{"name": "changed", "rules": changed}]})
        )
    for path in RULE_TESTS.glob("*.yml"):
        whole = yaml.safe_load(path.read_text())
        cases = [case for group in whole["tests"] for case in group["promql_expr_test"]]
        whole["tests"] = [{"interval": "1m", "input_series": [], "promql_expr_test": cases}]
        (folder / "tests" / path.name).write_text(yaml.safe_dump(whole))
    return folder / "tests"
