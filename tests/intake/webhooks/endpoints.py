"""What a source sees of its endpoints."""

from typing import Any

import httpx

from tests.notifier.receiver import Received


def names(posts: list[Received]) -> list[str]:
    return [post.told["data"]["external_id"] for post in posts]


async def deliveries(client: httpx.AsyncClient, hook: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/webhooks/{hook['id']}/deliveries", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def read(client: httpx.AsyncClient, hook: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/v1/webhooks/{hook['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(client: httpx.AsyncClient, hook: dict[str, Any], **values: Any) -> httpx.Response:
    return await client.patch(f"/v1/webhooks/{hook['id']}", json=values, headers={"If-Match": "*"})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])
