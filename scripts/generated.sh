#!/usr/bin/env bash
# Writes the generated documents, or checks that the committed ones are current: `generated.sh write|check`.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m events.published "$1"
.venv/bin/python scripts/documents.py "$1"
.venv/bin/python scripts/rest_clients.py "$1"
.venv/bin/python scripts/lifecycle_page.py "$1"
.venv/bin/python scripts/corrective_action_page.py "$1"
.venv/bin/python scripts/metrics.py "$1"
.venv/bin/python -m deploy.grafana.generator "$1"
.venv/bin/python scripts/slo_rules.py "$1"
.venv/bin/python scripts/kubernetes_monitoring.py "$1"
if [ "$1" = check ]; then .venv/bin/python scripts/api_changes.py check; fi
