#!/usr/bin/env bash
# Sets up .venv from requirements.lock, once for each state of the lock and the members.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
stamp=.venv/.stamp
wanted=$(cat requirements.lock libs/*/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml | cksum)-$(pwd)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Redress needs Python 3.11 or later; '$python' is $("$python" --version 2>&1 || echo missing)." >&2
    echo "Name another one: make PYTHON=python3.12 <verb>" >&2
    exit 1
}
echo "Setting up .venv (once; takes a minute or two) ..."
rm -f "$stamp"
[ -x .venv/bin/python ] || "$python" -m venv .venv || {
    echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
}
# uv installs the same hashed lock several times faster than pip, and comes out of the lock itself.
awk '/^[a-z0-9]/ { on = /^uv==/ } on' requirements.lock > .venv/uv.lock.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock.txt
export UV_LINK_MODE=copy
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
members=()
for folder in libs/* services/* deploy/local; do members+=(-e "$folder"); done
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-build-isolation --no-deps "${members[@]}"
printf '%s' "$wanted" > "$stamp"
echo "Set up."
