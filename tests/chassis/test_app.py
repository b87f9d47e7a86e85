from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from tests.chassis import world


async def test_a_route_authenticates_by_dependency(tmp_path: Path, registry: CollectorRegistry) -> None:
    app, key = world.build(tmp_path, registry)
    async with world.asking(app) as client:
        answer = await client.get(
            f"/v1/things/{world.THING}", headers={"Authorization": f"Bearer {key('things:read')}"}
        )
    assert answer.json()["name"] == f"{world.THING} for Ada"


async def test_a_route_authenticates_by_a_plain_call(tmp_path: Path, registry: CollectorRegistry) -> None:
    app, key = world.build(tmp_path, registry)
    async with world.asking(app) as client:
        answer = await client.post(
            "/v1/light", json={"name": "x"}, headers={"X-API-Key": key("things:write")}
        )
    assert (answer.status_code, answer.json()["name"]) == (201, "x of person:ada")


async def test_no_credentials_are_401_with_a_bare_challenge(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get(f"/v1/things/{world.THING}"),
        await client.post("/v1/light", json={"name": "x"}),
    ):
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="redress"')


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer ", "redress_live_x"])
async def test_other_credentials_than_a_bearer_key_are_401(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get(f"/v1/things/{world.THING}", headers={"Authorization": header})
    assert answer.status_code == 401


async def test_a_missing_scope_is_403_and_named(tmp_path: Path, registry: CollectorRegistry) -> None:
    app, key = world.build(tmp_path, registry)
    async with world.asking(app) as client:
        answer = await client.post("/v1/light", headers={"Authorization": f"Bearer {key('things:read')}"})
    assert answer.status_code == 403
    assert answer.json()["missing_scopes"] == ["things:write"]
    assert 'error="insufficient_scope", scope="things:write"' in answer.headers["www-authenticate"]


async def test_a_light_route_answers_bad_bodies_as_an_ordinary_one(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    app, key = world.build(tmp_path, registry)
    headers = {"Authorization": f"Bearer {key('things:write')}"}
    as_json = headers | {"Content-Type": "application/json"}
    async with world.asking(app) as client:
        statuses = [
            (await client.post("/v1/light", json={"nme": 1}, headers=headers)).status_code,
            (await client.post("/v1/light", content=b"{", headers=as_json)).status_code,
            (await client.post("/v1/light", content=b'{"name": "\\u0000"}', headers=as_json)).status_code,
            (await client.post("/v1/light", content=b"name=x", headers=headers)).status_code,
            (await client.post("/v1/light", json={"name": "x" * 2000}, headers=headers)).status_code,
        ]
    assert statuses == [422, 400, 400, 415, 413]


async def test_the_probes_are_on_the_api_too(client: httpx.AsyncClient) -> None:
    assert [(await client.get(f"/health/{probe}")).status_code for probe in ("live", "ready")] == [200, 200]


def test_two_applications_of_a_process_share_their_metrics(
    app: FastAPI, tmp_path: Path, registry: CollectorRegistry
) -> None:
    again, _ = world.build(tmp_path / "again", registry)
    assert again is not app
