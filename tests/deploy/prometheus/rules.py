"""The committed rules, as tests read them."""

import re
import shutil
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


def changed_copy(folder: Path, change: Callable[[Rule], None]) -> Path:
    """Copy rules and their tests, and change every alert, so that no recording is needed; gives the folder of the tests."""
    shutil.copytree(PROMETHEUS, folder, dirs_exist_ok=True)
    for path in (folder / "rules").glob("*.yml"):
        whole = yaml.safe_load(path.read_text())
        for group in whole["groups"]:
            group["rules"] = [rule for rule in group["rules"] if "alert" in rule]
            for rule in group["rules"]:
                change(rule)
        path.write_text(yaml.safe_dump(whole))
    return folder / "tests"
