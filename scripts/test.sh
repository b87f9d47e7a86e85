#!/usr/bin/env bash
# Runs the tests: `test.sh not_soak` for every day, `test.sh soak` for the long suites.
# Without Java and Maven the Kafka tests are left out loudly; with CI=true their absence is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."

if [ "$1" = soak ]; then
    .venv/bin/pytest -q -m soak --timeout 1500
else
    # Three at a time on two cores, since tests mostly wait; those of one file share what it starts and stay together. File
    # by file as they lie: by the number of tests, the few long ones would all come last, and the others would wait.
    .venv/bin/pytest -q -m "not soak" --numprocesses 3 --dist loadfile --no-loadscope-reorder
fi
code=$?

missing=$(.venv/bin/python -c 'from local.kafka import missing_tools; print("; ".join(missing_tools()))')
if [ -z "$missing" ]; then
    echo "Kafka: every test of this run that needs a broker ran against a real one."
elif [ "${CI:-}" = true ]; then
    echo "Kafka: NOT RUN, and CI=true makes that a failure: $missing" >&2
    code=1
else
    echo "Kafka: NOT RUN. The tests that need a real broker were left out: $missing" >&2
    echo "       Then run the same command again." >&2
fi
exit "$code"
