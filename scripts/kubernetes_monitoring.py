"""Gives Kubernetes the alerts and dashboards that are kept elsewhere: `kubernetes_monitoring.py write|check`.

- `deploy/prometheus/rules/*.yaml` become PrometheusRules in `deploy/k8s/components/monitoring/rules.yaml`;
- `deploy/grafana/dashboards/**/*.json` are listed in `deploy/grafana/kustomization.yaml`, which makes config maps of them
  where they are, since Kustomize reads no file outside its own folder.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "deploy" / "k8s" / "components" / "monitoring" / "rules.yaml"
DASHBOARDS = ROOT / "deploy" / "grafana" / "kustomization.yaml"
_WRITTEN = "# Written by scripts/kubernetes_monitoring.py; make fmt writes it anew.\n"


def rules() -> str:
    """Make the PrometheusRules, one for each file of rules."""
    sources = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.y*ml"))
    return _WRITTEN + "---\n".join(_dumped(prometheus_rule(path.stem, path.read_text())) for path in sources)


def prometheus_rule(name: str, text: str) -> dict[str, Any]:
    """Make the resource of one file of rules, whose groups it takes as they are."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": f"redress-{_name(name)}", "namespace": "redress"},
        "spec": {"groups": yaml.safe_load(text)["groups"]},
    }


def dashboards() -> str:
    """Make the kustomization that turns each dashboard into a config map that Grafana's sidecar finds."""
    folder = DASHBOARDS.parent
    found = sorted((folder / "dashboards").rglob("*.json"))
    listed = [
        {
            "name": f"dashboard-{_name(path.stem)}",
            "files": [str(path.relative_to(folder))],
            "options": {
                "labels": {"grafana_dashboard": "1"},
                # Grafana's folder is the one that the file lies in, as its own provisioning has it.
                "annotations": {"grafana_folder": path.parent.name},
            },
        }
        for path in found
    ]
    return _WRITTEN + _dumped(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "redress",
            "configMapGenerator": listed,
        }
    )


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as it is read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dumped(value: Mapping[str, Any]) -> str:
    return yaml.dump(dict(value), Dumper=_Dumper, sort_keys=False, width=118, allow_unicode=True)


def stale() -> Iterator[tuple[Path, str]]:
    """Tell which files are not as they would be written, and how they would be."""
    for path, text in ((RULES, rules()), (DASHBOARDS, dashboards())):
        if not path.exists() or path.read_text() != text:
            yield path, text


def main(verb: str) -> int:
    """Write the files, or name those that are stale; gives the exit code."""
    found = list(stale())
    for path, text in found:
        if verb == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        else:
            print(f"{path.relative_to(ROOT)} is stale; make fmt writes it.")
    return 1 if found and verb != "write" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
