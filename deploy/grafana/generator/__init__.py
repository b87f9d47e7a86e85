"""The dashboards as code: `python -m deploy.grafana.generator write|check` makes `deploy/grafana/dashboards`."""
