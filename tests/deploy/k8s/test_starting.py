"""A pod's variables and mounted files are enough to start what it runs, to be probed and to be stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from chassis.keys import create_key
from common.actor import Actor
from common.clock import utc_now
from tests.deploy.k8s.rendering import (
    SERVICES,
    Pod,
    Resource,
    environment,
    mounts,
    named,
    redress_pods,
    render,
)
from tests.local.ports import free_ports
from tests.support.postgres import Databases, fresh_database
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak]

PEPPER = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Node:
    """A place to run pods: a folder for each pod's root, and what is in the secrets that pods refer to."""

    folder: Path
    resources: list[Resource]
    secrets: Mapping[str, str]

    def root(self, pod: Pod) -> Path:
        """Mount the pod's volumes below a folder of its own."""
        root = self.folder / pod.name.replace("/", "-")
        alone = {
            one["mountPath"]: one["subPath"]
            for one in pod.spec["containers"][0].get("volumeMounts", ())
            if "subPath" in one
        }
        for mount, volume in mounts(pod):
            # A file that is mounted alone takes its own place among the files of its folder.
            place = (root / mount.lstrip("/")).parent if mount in alone else root / mount.lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            if "configMap" in volume:
                files = named(self.resources, "ConfigMap", volume["configMap"]["name"])["data"]
                for name, text in files.items():
                    (place / name).write_text(text)
            for item in volume.get("secret", {}).get("items", ()):
                (place / item["path"]).write_text(
                    self.secrets[f"{volume['secret']['secretName']}/{item['key']}"]
                )
        return root

    def variables(self, pod: Pod, ports: Mapping[str, str]) -> dict[str, str]:
        """Give the pod's variables: secrets in their places, paths below its root, and addresses on loopback."""
        root, found = self.root(pod), {}
        for name, value in environment(pod, self.resources).items():
            if value.startswith("secret:"):
                found[name] = self.secrets[value.removeprefix("secret:")]
            else:
                found[name] = str(root / value[1:]) if value.startswith("/") else value
        # The image says where its policies are, and pods of one machine cannot share its ports.
        return found | {
            "PATH": os.environ["PATH"],
            "REDRESS_CONFIG_DIR": str(root / "config"),
            "REDRESS_API_HOST": "127.0.0.1",
            "REDRESS_METRICS_HOST": "127.0.0.1",
            "REDRESS_API_PORT": ports["REDRESS_INTAKE_API_PORT"],
            "REDRESS_METRICS_PORT": ports["REDRESS_INTAKE_METRICS_PORT"],
        }


@pytest.fixture
def node(postgres: Databases, tmp_path: Path) -> Iterator[Node]:
    names = (*(f"redress-{service}" for service in SERVICES), "redress-log")
    create_key(
        tmp_path / "keys.json",
        PEPPER,
        name="crm",
        actor=Actor.parse("system:crm"),
        scopes=["complaints:write"],
        at=utc_now(),
    )
    secrets = {
        "redress-keys/pepper": PEPPER,
        "redress-keys/keys.json": (tmp_path / "keys.json").read_text(),
        "redress-webhooks/key": PEPPER,
    }
    with ExitStack() as stack:
        for name in names:
            secrets[f"{name}/database-url"] = stack.enter_context(fresh_database(postgres))
        yield Node(tmp_path, render("overlays/local"), secrets)


@asynccontextmanager
async def running(node: Node, pod: Pod) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run a pod's container, and say where it is probed."""
    ports = free_ports()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        pod.labels["app.kubernetes.io/name"],
        *pod.spec["containers"][0]["args"],
        env=node.variables(pod, ports),
        cwd=node.folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process, f"http://127.0.0.1:{ports['REDRESS_INTAKE_METRICS_PORT']}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def ended(node: Node, pod: Pod) -> tuple[int | None, str]:
    """Run a container to its end; gives its exit code and what it said."""
    async with running(node, pod) as (process, _):
        _, said = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode()


async def migrate(node: Node) -> None:
    for pod in redress_pods(node.resources):
        if pod.owner["kind"] == "Job":
            assert await ended(node, pod) == (0, "")


async def test_every_pod_starts_after_its_migration_is_probed_and_stops_in_time(node: Node) -> None:
    await migrate(node)
    async with httpx.AsyncClient() as client:
        for pod in redress_pods(node.resources):
            if pod.owner["kind"] == "Job":
                continue
            async with running(node, pod) as (process, address):
                container = pod.spec["containers"][0]
                for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                    url = address + container[probe]["httpGet"]["path"]
                    await until(partial(answers, client, url), seconds=60, what=f"{pod.name}: {url}")
                process.send_signal(signal.SIGTERM)
                grace = pod.spec["terminationGracePeriodSeconds"]
                assert await asyncio.wait_for(process.wait(), grace) == 0


async def test_without_what_is_mounted_a_pod_does_not_start(node: Node) -> None:
    await migrate(node)
    (worker,) = (pod for pod in redress_pods(node.resources) if pod.name == "Deployment/capa-worker")
    worker.spec["containers"][0]["volumeMounts"] = []
    code, said = await ended(node, worker)
    assert code == 2
    assert "triage.toml cannot be read" in said
