"""Renders the kustomizations of deploy/k8s as `kubectl apply -k` would, and walks what comes out."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.k8s.cache import cache_folder
from tests.support.outside_tools import leave_out

ROOT = Path(__file__).resolve().parents[3]
K8S = ROOT / "deploy" / "k8s"
FOLDERS = ("base", "overlays/local", "overlays/production", "../../tests/deploy/k8s/traced")
"""Everything that somebody may apply, and the base with a component that no overlay has."""
SERVICES = ("intake", "capa", "notifier")

_OLDEST_KUSTOMIZE = 5

Resource = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod template and whose it is."""

    owner: Resource
    labels: Mapping[str, str]
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        """The owner's kind and name."""
        return f"{self.owner['kind']}/{self.owner['metadata']['name']}"

    @property
    def containers(self) -> list[dict[str, Any]]:
        """All containers, those that run first included."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]


def need_tools() -> None:
    """Leave the test out where resource definitions were not fetched; with CI=true that is a failure."""
    if not cache_folder().is_dir():
        leave_out("The operators' resource definitions are missing: run scripts/kubernetes_tools.sh.")


def kubectl() -> str:
    """Find the kubectl that was fetched, or one on PATH that is new enough; else leave the test out."""
    fetched = cache_folder() / "kubectl"
    if fetched.exists():
        return str(fetched)
    found = shutil.which("kubectl")
    if found is None or _kustomize_of(found) < _OLDEST_KUSTOMIZE:
        leave_out("A kubectl with Kustomize 5 or later is missing: run scripts/kubernetes_tools.sh.")
    return str(found)


def _kustomize_of(found: str) -> int:
    done = subprocess.run(
        [found, "version", "--client", "-o", "yaml"], capture_output=True, text=True, check=False
    )
    version = str((yaml.safe_load(done.stdout) or {}).get("kustomizeVersion", ""))
    major = version.removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


@lru_cache
def _rendered(folder: Path, program: str) -> str:
    """Render once and keep it as JSON, which is read a hundred times faster than YAML."""
    done = subprocess.run(
        [program, "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.dumps([found for found in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if found])


def render(folder: str) -> list[Resource]:
    """Render one folder of deploy/k8s; what comes back is the caller's to change."""
    found: list[Resource] = json.loads(_rendered(K8S / folder, kubectl()))
    return found


def of_kind(resources: Sequence[Resource], *kinds: str) -> list[Resource]:
    """Pick the resources of some kinds."""
    return [found for found in resources if found["kind"] in kinds]


def named(resources: Sequence[Resource], kind: str, name: str) -> Resource:
    """Find the one resource of that kind and name."""
    (found,) = (each for each in of_kind(resources, kind) if each["metadata"]["name"] == name)
    return found


def pods(resources: Sequence[Resource]) -> list[Pod]:
    """Every pod template."""
    return [
        Pod(found, found["spec"]["template"]["metadata"]["labels"], found["spec"]["template"]["spec"])
        for found in of_kind(resources, "Deployment", "StatefulSet", "DaemonSet", "Job")
    ]


def redress_pods(resources: Sequence[Resource]) -> list[Pod]:
    """The pod templates of the three services."""
    return [pod for pod in pods(resources) if pod.labels.get("app.kubernetes.io/name") in SERVICES]


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector, of which only matchLabels is used here, chooses something with these labels."""
    chosen = dict(selector or {})
    wanted = chosen.pop("matchLabels", {})
    assert not chosen, f"only matchLabels is understood: {chosen}"
    return bool(wanted.items() <= labels.items())


def environment(pod: Pod, resources: Sequence[Resource]) -> dict[str, str]:
    """What the first container's variables are; of a secret and of a pod's own field, where the value comes from."""
    container = pod.spec["containers"][0]
    values: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        values |= named(resources, "ConfigMap", source["configMapRef"]["name"])["data"]
    for variable in container.get("env", ()):
        match variable.get("valueFrom"):
            case {"secretKeyRef": {"name": name, "key": key}}:
                values[variable["name"]] = f"secret:{name}/{key}"
            case {"fieldRef": {"fieldPath": path}}:
                values[variable["name"]] = f"field:{path}"
            case _:
                values[variable["name"]] = variable["value"]
    return values


def mounts(pod: Pod) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each volume of the first container is mounted, and the volume."""
    volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", ())}
    for mount in pod.spec["containers"][0].get("volumeMounts", ()):
        yield mount["mountPath"], volumes.get(mount["name"], {})
