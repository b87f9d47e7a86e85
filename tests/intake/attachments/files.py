"""Files to attach, and how they are handed over."""

from pathlib import Path
from typing import Any

import httpx

from tests.intake.world import World, a_complaint

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
LIMIT = 20_000
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def kept(folder: Path) -> list[Path]:
    return [place for place in folder.rglob("*") if place.is_file()]


def problem(answer: httpx.Response) -> str:
    kind: str = answer.json()["type"]
    return kind.rpartition("/")[2].replace("-", "_")


async def a_known_complaint(world: World, who: str = "crm") -> str:
    answer = await world.client(who).post("/v1/complaints", json=a_complaint())
    assert answer.status_code == 201, answer.text
    return f"/v1/complaints/{answer.json()['id']}"


async def upload(
    client: httpx.AsyncClient,
    complaint: str,
    content: bytes = PNG,
    *,
    name: str = "photo.png",
    media_type: str = "image/png",
    **headers: str,
) -> httpx.Response:
    return await client.post(
        f"{complaint}/attachments",
        files={"file": (name, content, media_type)},
        headers={key.replace("_", "-"): value for key, value in headers.items()},
    )


async def attached(client: httpx.AsyncClient, complaint: str, **given: Any) -> dict[str, Any]:
    answer = await upload(client, complaint, **given)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body
