#!/usr/bin/env bash
# Resolves the dependencies: one lock for the workspace, and from it one for each service's image.
# The locks hold versions and hashes and name no download address.
set -euo pipefail
cd "$(dirname "$0")/.."

skip=()
for file in libs/*/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml; do
    skip+=(--no-emit-package "$(awk -F'"' '/^name = / { print $2; exit }' "$file")")
done
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "${skip[@]}" "$@"; }

compile pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml \
    --all-extras --group dev -o requirements.lock
for service in intake capa notifier; do
    compile "services/$service/pyproject.toml" --all-extras -c requirements.lock -o "services/$service/requirements.lock"
done
echo "Locked: $(grep -c '==' requirements.lock) packages."
