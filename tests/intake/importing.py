"""Files of complaints, and how they are imported."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from intake.usecases.process_import import ProcessImport
from intake.wiring import build_import
from tests.intake.world import World, a_complaint

PATH = "/v1/imports"
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}


def lines(*rows: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def some(count: int, **changes: Any) -> bytes:
    return lines(*(a_complaint(external_id=f"X-{number}", **changes) for number in range(1, count + 1)))


def table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


async def upload(
    client: httpx.AsyncClient, content: bytes, headers: Mapping[str, str] = NDJSON, **query: Any
) -> dict[str, Any]:
    answer = await client.post(PATH, content=content, headers=headers, params=query)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def finish(process: ProcessImport) -> None:
    while await process():
        pass


async def run(
    world: World, content: bytes, headers: Mapping[str, str] = NDJSON, **query: Any
) -> dict[str, Any]:
    """Upload as staff, process, and give the import with its results."""
    staff = world.client("staff")
    handed = await upload(staff, content, headers, **query)
    await finish(build_import(world.intake))
    done: dict[str, Any] = (await staff.get(f"{PATH}/{handed['id']}")).json()
    results = (await staff.get(f"{PATH}/{handed['id']}/results")).text.splitlines()
    return done | {"results": [json.loads(line) for line in results]}


def outcomes(done: Mapping[str, Any]) -> list[str | None]:
    return [result["outcome"] for result in done["results"]]
