"""Holds manifests to the schemas of Kubernetes and of the operators, and says what they refuse."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import kubernetes_validate.utils  # type: ignore[import-untyped]  # the same
import yaml

from tests.deploy.k8s.cache import PINS, cache_folder
from tests.deploy.k8s.rendering import Resource

VERSIONS = ("1.29", "1.33", "1.37")
"""The oldest, a middle and the newest Kubernetes."""

TYPES = (
    {
        ("keda.sh/v1alpha1", kind): "@kubernetes-models/keda/keda.sh/v1alpha1"
        for kind in ("ScaledObject", "TriggerAuthentication")
    }
    | {
        ("postgresql.cnpg.io/v1", kind): "@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1"
        for kind in ("Cluster", "Database")
    }
    | {
        ("monitoring.coreos.com/v1", kind): "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1"
        for kind in ("PodMonitor", "PrometheusRule")
    }
)
"""The module that has the type of a resource, made from the operator's own Go types."""

UNTYPED = {("postgresql.cnpg.io/v1", "DatabaseRole")}
"""Too new for any package; a test of its own names its fields."""

_COMPILER = (
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--skipLibCheck",
    "--pretty",
    "false",
)

# The schemas are read anew for each object otherwise, which takes ten times as long.
kubernetes_validate.utils.schema_contents = lru_cache(maxsize=None)(kubernetes_validate.utils.schema_contents)


def is_core(found: Resource) -> bool:
    """Whether Kubernetes itself defines the resource."""
    group = found["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def refused_by_kubernetes(found: Resource, version: str) -> str:
    """Say what that version refuses, a kind that it does not know and a field that it would drop included."""
    try:
        kubernetes_validate.validate(found, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return str(error.message)
    return ""


@lru_cache
def _strimzi() -> dict[str, jsonschema.Draft202012Validator]:
    validators = {}
    for path in sorted((cache_folder() / "definitions").glob("*.yaml")):
        definition = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["spec"]
        (version,) = (each for each in definition["versions"] if each["name"] == "v1")
        schema = _closed(version["schema"]["openAPIV3Schema"])
        # Kubernetes itself has these two, and knows their fields.
        schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
        schema["properties"]["metadata"] = {"type": "object"}
        validators[definition["names"]["kind"]] = jsonschema.Draft202012Validator(schema)
    return validators


def _closed(schema: Any) -> Any:
    """Refuse unknown fields, which Kubernetes would drop without a word."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        schema = {name: part for name, part in schema.items() if name not in {"type", "anyOf"}}
        return schema | {"type": ["integer", "string"]}
    closed = {name: _closed(part) for name, part in schema.items()}
    is_object = isinstance(schema.get("properties"), dict) and schema.get("type") == "object"
    if is_object and not schema.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed


def refused_by_strimzi(found: Resource) -> str:
    """Say what Strimzi's own definitions refuse."""
    validator = _strimzi().get(found["kind"])
    if validator is None:
        return f"Strimzi has no {found['kind']}"
    return "; ".join(
        f"{'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(found)
    )


def refused_by_types(resources: Sequence[Resource], folder: Path) -> list[str]:
    """Have the operators' own types and rules judge resources; each line begins with the number of the resource.

    The TypeScript compiler refuses an unknown field of a literal, and the rules what is missing, malformed or no choice.
    """
    (folder / "node_modules").symlink_to(cache_folder() / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "resources.ts").write_text("\n".join([*_literals(resources), *_imports()]))
    listed = [{"module": TYPES[found["apiVersion"], found["kind"]], "resource": found} for found in resources]
    (folder / "resources.json").write_text(json.dumps(listed))
    shutil.copy(PINS / "validate.mjs", folder)
    compiler = str(cache_folder() / "node_modules" / "typescript" / "bin" / "tsc")
    types = _node(folder, compiler, *_COMPILER, "resources.ts")
    # A literal stands on the line of its number, counted from 1.
    found = [re.match(r"resources\.ts\((\d+),.*?: (.*)", line) for line in types]
    numbered = [f"{int(match[1]) - 1}: {match[2]}" for match in found if match]
    return [*(numbered or types), *_node(folder, "validate.mjs", "resources.json")]


def _node(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["node", *arguments],  # noqa: S607  (node is on the path)
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={"PATH": os.environ["PATH"]},
    )
    assert not done.stderr, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def _imports() -> Iterator[str]:
    for (_, kind), module in TYPES.items():
        yield f'import type {{ I{kind} }} from "{module}/{kind}";'


def _literals(resources: Sequence[Resource]) -> Iterator[str]:
    for number, found in enumerate(resources):
        yield f"export const r{number}: I{found['kind']} = {json.dumps(found)};"
