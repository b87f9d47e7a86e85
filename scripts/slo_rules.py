"""Writes or checks the Prometheus rules of the service level objectives: `slo_rules.py write|check`.

From each objective of `deploy/prometheus/slos.toml` come the share of bad events in each window, the number of bad events
in the long windows, the part of the 30-day budget that is left, and alerts that need a long and a short window to burn.
"""

import re
import sys
import textwrap
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
OBJECTIVES: Final = ROOT / "deploy" / "prometheus" / "slos.toml"
RULES: Final = ROOT / "deploy" / "prometheus" / "rules"
PERIOD: Final = "30d"
HEAD: Final = """\
# Generated from deploy/prometheus/slos.toml; `make fmt` writes it anew.
"""


@dataclass(frozen=True, slots=True)
class Burn:
    """Two windows that must both burn the budget at `rate` times the speed that would use it up in 30 days."""

    long: str
    short: str
    rate: int | float


PAGE: Final = (Burn("1h", "5m", 14.4), Burn("6h", "30m", 6))
TICKET: Final = (Burn("1d", "2h", 3), Burn("3d", "6h", 1))
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", PERIOD)
LONG_WINDOWS: Final = tuple(burn.long for burn in (*PAGE, *TICKET))


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One objective, as the file has it."""

    name: str
    objective: float
    alert: str
    team: str
    by: Sequence[str]
    least_bad: int
    good_is: str
    users: str
    bad: str
    total: str

    @property
    def budget(self) -> float:
        """The share of events that may be bad, without the noise of binary fractions."""
        return round(1 - self.objective, 6)

    def bad_in(self, window: str, kind: str) -> str:
        """Give the query of bad events in a window, as a rate or an increase."""
        return _filled(self.bad, window, kind)

    def total_in(self, window: str, kind: str) -> str:
        """Give the query of all events in a window, as a rate or an increase."""
        return _filled(self.total, window, kind)


def objectives() -> list[Objective]:
    """Read the file."""
    return [Objective(**entry) for entry in tomllib.loads(OBJECTIVES.read_text())["slos"]]


def groups(objective: Objective) -> list[dict[str, Any]]:
    """Make an objective's groups of rules: what is recorded often, what is recorded seldom, and its alerts."""
    short = [_share(objective, window) for window in WINDOWS[:4]]
    long = [_share(objective, window) for window in WINDOWS[4:]]
    bad = {window: _bad_events(objective, window) for window in LONG_WINDOWS}
    return [
        {
            "name": f"slo-{objective.name}-short-windows",
            "interval": "30s",
            "rules": [*short, bad["1h"]],
        },
        {
            # A window of hours or days hardly moves within a minute, and costs more to read.
            "name": f"slo-{objective.name}-long-windows",
            "interval": "2m",
            "rules": [*long, bad["6h"], bad["1d"], bad["3d"], _budget_left(objective)],
        },
        {
            "name": f"slo-{objective.name}-alerts",
            "rules": [_alert(objective, PAGE, "page"), _alert(objective, TICKET, "ticket")],
        },
    ]


def _share(objective: Objective, window: str) -> dict[str, Any]:
    expr = f"(\n{_indented(objective.bad_in(window, 'rate'))}\n)\n/\n(\n{_indented(objective.total_in(window, 'rate'))}\n)"
    return {"record": f"slo:error_ratio:rate{window}", "expr": expr, "labels": {"slo": objective.name}}


def _bad_events(objective: Objective, window: str) -> dict[str, Any]:
    return {
        "record": f"slo:bad_events:increase{window}",
        "expr": objective.bad_in(window, "increase"),
        "labels": {"slo": objective.name},
    }


def _budget_left(objective: Objective) -> dict[str, Any]:
    return {
        "record": "slo:error_budget_left:ratio30d",
        "expr": f'1 - slo:error_ratio:rate{PERIOD}{{slo="{objective.name}"}} / {objective.budget:g}',
        "labels": {"slo": objective.name},
    }


def _alert(objective: Objective, burns: Sequence[Burn], severity: str) -> dict[str, Any]:
    first, second = burns
    long_words = f"{first.long} at {first.rate} times, or over {second.long} at {second.rate} times"
    where = "".join(f", {label} {{{{ $labels.{label} }}}}" for label in objective.by if label != "job")
    return {
        "alert": objective.alert,
        "expr": "\nor\n".join(_burning(objective, burn) for burn in burns),
        "keep_firing_for": "5m" if severity == "page" else "30m",
        "labels": {"severity": severity, "team": objective.team, "slo": objective.name},
        "annotations": {
            "summary": f"{objective.users[0].upper()}{objective.users[1:]}.",
            "description": (
                f"Objective: {objective.objective:.1%} of 30 days' {objective.good_is}. {{{{ $labels.job }}}}{where} uses its "
                f"budget up too fast: over {long_words} the speed that the objective allows. Bad in the short window: "
                "{{ $value | humanizePercentage }}."
            ),
            "runbook_url": runbook_url(objective.alert),
        },
    }


def _burning(objective: Objective, burn: Burn) -> str:
    chosen = f'{{slo="{objective.name}"}}'
    limit = f"{burn.rate} * {objective.budget:g}"
    return (
        "(\n"
        f"  slo:error_ratio:rate{burn.short}{chosen} > {limit}\n"
        f"  and slo:error_ratio:rate{burn.long}{chosen} > {limit}\n"
        f"  and slo:bad_events:increase{burn.long}{chosen} >= {objective.least_bad}\n"
        ")"
    )


def runbook(alert: str) -> str:
    """Name the page of an alert: its name in kebab case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", alert).lower() + ".md"


def runbook_url(alert: str) -> str:
    """Say where an alert's page is: under the external label `runbooks`, else in this repository."""
    return (
        "{{ if $externalLabels.runbooks }}{{ $externalLabels.runbooks }}{{ else }}docs/runbooks{{ end }}/"
        + runbook(alert)
    )


def _filled(query: str, window: str, kind: str) -> str:
    return query.strip().replace("KIND", kind).replace("WINDOW", window)


def _indented(query: str) -> str:
    return textwrap.indent(query, "  ")


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Write texts of several lines as blocks, as a person would."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as the hand-written rules do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  (PyYAML's signature)
        super().increase_indent(flow, indentless=False)


_Dumper.add_representer(str, _text)


def rules() -> dict[Path, str]:
    """Write the rules of each objective, by the file that they belong in."""
    return {
        RULES / f"slo-{objective.name}.yml": HEAD
        + yaml.dump(
            {"groups": groups(objective)}, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True
        )
        for objective in objectives()
    }


def main(verb: str) -> int:
    """Write the rules, or name the files that are stale or no objective's; gives the exit code."""
    made = rules()
    left_over = set(RULES.glob("slo-*.yml")) - set(made)
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if verb == "write":
        for path in stale:
            path.write_text(made[path])
        for path in left_over:
            path.unlink()
        return 0
    for path in sorted([*stale, *left_over]):
        print(f"{path.relative_to(ROOT)} is stale; make fmt writes it.")
    return 1 if stale or left_over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
