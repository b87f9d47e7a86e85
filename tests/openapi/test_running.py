"""The running services do what their OpenAPI documents say: examples are taken, and Schemathesis finds nothing."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.openapi.checks import FORM
from tests.support.running import SERVICES, Pace, RunningSystem, complaint, running_system
from tests.support.waiting import until

HERE = Path(__file__).parent
SEED = 20261128
EXAMPLES = 10
ACTIONS = 20
PDF = b"%PDF-1.7\n1 0 obj\n"

ACCEPTED = {
    "amend_complaint",
    "attach_file",
    "cancel_action",
    "change_action_due",
    "complete_action",
    "delete_attachment",
    "add_person",
    "import_complaints",
    "load_people",
    "reassign_action",
    "receive_complaint",
    "update_person",
}
"""Operations whose example must be taken as it is; of others that change something the thing may be missing or in another state."""


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[RunningSystem]:
    """The whole system, slow enough that nothing becomes due meanwhile."""
    async with running_system(pace=Pace(due="3600s")) as system:
        yield system


class World:
    """What the examples are sent to: one of each thing, an action of its own for each step."""

    def __init__(self, complaint: str, attachment: str, imported: str, actions: list[str]) -> None:
        self._actions = iter(actions)
        self._known = {
            "reference": complaint,
            "attachment_id": attachment,
            "import_id": imported,
            "person_id": "anna.berg",
        }

    def address(self, path: str, operation: Mapping[str, Any]) -> str:
        """Fill in a path: with what there is, else with the example."""
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                name = parameter["name"]
                value = next(self._actions) if name == "action_id" else self._known.get(name)
                path = path.replace(f"{{{name}}}", str(value or parameter["example"]))
        return path


async def furnished(system: RunningSystem) -> World:
    intake, capa = system.client("intake", "admin"), system.client("capa", "quality")
    posted = [
        await intake.post(
            "/v1/complaints", json=complaint(f"E-{number}", source_system="crm", product=f"product-{number}")
        )
        for number in range(ACTIONS)
    ]
    assert {answer.status_code for answer in posted} == {201}
    reference = posted[0].json()["number"]
    attached = await intake.post(
        f"/v1/complaints/{reference}/attachments",
        content=PDF,
        headers={"Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="a.pdf"'},
    )
    imported = await intake.post("/v1/imports", content=b"", headers={"Content-Type": "application/x-ndjson"})
    actions: list[str] = []

    async def all_given() -> bool:
        actions[:] = [item["number"] for item in (await capa.get("/v1/actions")).json()["items"]]
        return len(actions) == ACTIONS

    await until(all_given, seconds=30, what="every complaint has its action")
    return World(reference, attached.json()["id"], imported.json().get("id", ""), actions)


def request_of(operation: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the document shows it; what it changes is whatever version there is."""
    headers = {
        parameter["name"]: "*" if parameter["name"] == "If-Match" else parameter["example"]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "header" and parameter.get("required")
    }
    query = {
        parameter["name"]: parameter["example"]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter.get("required")
    }
    found: dict[str, Any] = {"headers": headers, "params": query}
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        found["json"] = content["application/json"]["example"]
    elif "multipart/form-data" in content:
        found["files"] = {"file": ("receipt.pdf", PDF + b"other", "application/pdf")}
    elif content:
        kind, media = next(iter(content.items()))
        headers["Content-Type"], found["content"] = kind, media["example"].encode()
    return found


def fits(answer: httpx.Response, operation: Mapping[str, Any]) -> bool:
    if answer.is_success:
        return str(answer.status_code) in operation["responses"]
    slug = answer.json()["type"].rpartition("/")[2]
    return (
        operation["operationId"] not in ACCEPTED
        and answer.status_code in {404, 409, 422}
        and slug not in FORM
    )


async def test_every_example_of_a_request_is_taken_as_the_document_says(system: RunningSystem) -> None:
    world = await furnished(system)
    refused, done = [], set()
    for service in SERVICES:
        client = system.client(service, "admin")
        paths = (await client.get("/openapi.json")).json()["paths"]
        for path, methods in paths.items():
            for method, operation in methods.items():
                if method == "get":
                    continue  # Schemathesis asks those, with every example
                answer = await client.request(method, world.address(path, operation), **request_of(operation))
                done.add(operation["operationId"])
                if not fits(answer, operation):
                    refused.append(f"{method} {path}: {answer.status_code} {answer.text}")
    assert refused == []
    assert done >= ACCEPTED


async def fuzzed(system: RunningSystem, service: str, *, examples: int) -> str:
    """Have Schemathesis run all its checks and phases on a service; gives what it said where it found something."""
    keys = json.loads((system.home / "secrets" / "roles.json").read_text())
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(HERE / "schemathesis.toml"), "run", f"{system.url(service)}/openapi.json"),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"),
        *("--seed", str(SEED), "--max-examples", str(examples), "--no-color"),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        # By the environment, since other users of the machine can read a command line.
        env={**os.environ, "REDRESS_TEST_KEY": keys["admin"], "PYTHONPATH": str(HERE.parents[1])},
        cwd=system.home.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return "" if process.returncode == 0 else f"{service}: {said.decode()}"


@pytest.mark.soak
@pytest.mark.timeout(1400)
async def test_schemathesis_finds_nothing(system: RunningSystem) -> None:
    found = await asyncio.gather(*(fuzzed(system, service, examples=EXAMPLES) for service in SERVICES))
    assert [each for each in found if each] == []
