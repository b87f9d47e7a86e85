#!/usr/bin/env bash
# Builds oasdiff, which finds changes of the OpenAPI documents that break clients: once for each state of
# tests/openapi/tools. Needs Go 1.26 or later.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=$(.venv/bin/python scripts/api_changes.py cache)
if [ -d "$cache" ]; then exit 0; fi
command -v go > /dev/null || { echo "go is missing: oasdiff needs Go 1.26 or later." >&2; exit 1; }
echo "Building oasdiff (once; takes a minute) ..."
# The folder gets its name only when it is whole, so that a build that was cut short leaves nothing to trust.
coming=$cache.coming
rm -rf "$coming" && mkdir -p "$coming"
(cd tests/openapi/tools && GOFLAGS=-mod=readonly GOBIN=$coming go install tool)
mv "$coming" "$cache"
echo "Built into $cache."
