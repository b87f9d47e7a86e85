"""Asks a Prometheus what the committed dashboards would, without Grafana: `python -m deploy.grafana.ask`."""
