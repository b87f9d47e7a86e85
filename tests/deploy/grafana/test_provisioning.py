"""What Grafana is told at its start fits what is committed."""

from pathlib import Path

import yaml

GRAFANA = Path(__file__).resolve().parents[3] / "deploy" / "grafana"


def test_dashboards_are_read_only_and_keep_their_folders() -> None:
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/redress.yaml").read_text())["providers"]
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["foldersFromFilesStructure"] is True


def test_every_dashboard_lies_in_a_folder_that_grafana_can_name() -> None:
    depths = {len(path.relative_to(GRAFANA / "dashboards").parts) for path in GRAFANA.rglob("redress-*.json")}
    assert depths == {2}


def test_the_data_source_is_a_prometheus_that_nobody_edits() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    assert (source["type"], source["editable"], source["isDefault"]) == ("prometheus", False, True)
