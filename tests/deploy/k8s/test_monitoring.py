"""Prometheus finds every pod, and Kubernetes gets the alerts and dashboards that are kept elsewhere."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.deploy.k8s.rendering import ROOT, SERVICES, Resource, named, of_kind, redress_pods, render, selects


def script() -> ModuleType:
    path = ROOT / "scripts" / "kubernetes_monitoring.py"
    spec = importlib.util.spec_from_file_location("kubernetes_monitoring", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unscraped(resources: list[Resource]) -> list[str]:
    """Name the deployments of which no monitor finds a port."""
    found = []
    for pod in redress_pods(resources):
        ports = {port["name"] for port in pod.spec["containers"][0].get("ports", ())}
        asked = {
            endpoint["port"]
            for monitor in of_kind(resources, "PodMonitor")
            if selects(monitor["spec"]["selector"], pod.labels)
            for endpoint in monitor["spec"]["podMetricsEndpoints"]
        }
        if pod.owner["kind"] == "Deployment" and not asked & ports:
            found.append(pod.name)
    return found


def test_every_deployment_is_scraped() -> None:
    assert unscraped(render("overlays/production")) == []


def test_a_monitor_of_another_port_would_be_noticed() -> None:
    resources = render("overlays/production")
    named(resources, "PodMonitor", "redress")["spec"]["podMetricsEndpoints"][0]["port"] = "http-metrics"
    assert len(unscraped(resources)) == 2 * len(SERVICES)


def test_a_job_is_called_after_its_service_and_has_its_role() -> None:
    (endpoint,) = named(render("overlays/production"), "PodMonitor", "redress")["spec"]["podMetricsEndpoints"]
    labels = {each["targetLabel"]: each["sourceLabels"] for each in endpoint["relabelings"]}
    assert labels == {
        "job": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
        "role": ["__meta_kubernetes_pod_label_app_kubernetes_io_component"],
    }


def test_what_is_written_for_kubernetes_is_current() -> None:
    assert [path.name for path, _ in script().stale()] == []


def test_every_rule_that_prometheus_has_kubernetes_has() -> None:
    resources = render("overlays/production")
    sources = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.y*ml"))
    assert len(of_kind(resources, "PrometheusRule")) == len(sources)


def test_every_dashboard_that_grafana_has_kubernetes_has() -> None:
    maps = of_kind(render("overlays/production"), "ConfigMap")
    held = {
        name: json.loads(text)
        for found in maps
        for name, text in found["data"].items()
        if name.endswith(".json")
    }
    sources = (ROOT / "deploy" / "grafana" / "dashboards").rglob("*.json")
    assert held == {path.name: json.loads(path.read_text()) for path in sources}


RULES = """
groups:
  - name: outbox
    rules:
      - alert: OutboxStuck
        expr: max by (job) (outbox_oldest_pending_age_seconds) > 600
        for: 5m
        labels: {severity: page}
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script, at work in a folder of its own."""
    module = script()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "RULES", tmp_path / "rules.yaml")
    monkeypatch.setattr(module, "DASHBOARDS", tmp_path / "deploy" / "grafana" / "kustomization.yaml")
    for folder in ("prometheus/rules", "grafana/dashboards/services"):
        (tmp_path / "deploy" / folder).mkdir(parents=True)
    (tmp_path / "deploy" / "prometheus" / "rules" / "delivery.yaml").write_text(RULES)
    (tmp_path / "deploy" / "grafana" / "dashboards" / "services" / "intake.json").write_text("{}")
    return module


def test_a_file_of_rules_becomes_a_resource_with_its_groups(elsewhere: Any) -> None:
    made = elsewhere.prometheus_rule("delivery", RULES)
    assert made["metadata"]["name"] == "redress-delivery"
    assert made["spec"]["groups"][0]["rules"][0]["alert"] == "OutboxStuck"


def test_a_dashboard_becomes_a_config_map_that_grafana_looks_for(elsewhere: Any) -> None:
    made = elsewhere.dashboards()
    assert "dashboards/services/intake.json" in made
    assert "grafana_dashboard: '1'" in made
    assert "grafana_folder: services" in made


def test_a_rule_that_changed_is_noticed_and_written(elsewhere: Any, tmp_path: Path) -> None:
    assert elsewhere.main("check") == 1
    assert elsewhere.main("write") == 0
    assert elsewhere.main("check") == 0
    source = tmp_path / "deploy" / "prometheus" / "rules" / "delivery.yaml"
    source.write_text(source.read_text().replace("600", "900"))
    assert elsewhere.main("check") == 1
