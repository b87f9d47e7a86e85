#!/usr/bin/env bash
# Fetches httpyac and Bruno's runner, which run clients/rest in the tests: once for each state of its lock. Needs npm.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=$(.venv/bin/python scripts/rest_clients.py cache)
if [ -d "$cache" ]; then exit 0; fi
command -v npm > /dev/null || { echo "npm is missing (Debian, Ubuntu: apt-get install npm)." >&2; exit 1; }
echo "Fetching httpyac and Bruno's runner (once; takes a minute) ..."
# The folder gets its name only when it is whole, so that a fetch that was cut short leaves nothing to trust.
coming=$cache.coming
rm -rf "$coming" && mkdir -p "$coming"
cp clients/rest/package.json clients/rest/package-lock.json "$coming/"
npm ci --prefix "$coming" --silent --no-audit --no-fund --ignore-scripts > /dev/null
mv "$coming" "$cache"
echo "Fetched into $cache."
