"""What completes the OpenAPI document: headers, examples, and problems as they are really answered."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Header
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, Field

from chassis.app import create_app
from chassis.etags import IF_MATCH_PATTERN
from chassis.examples import Words
from chassis.health import Health
from chassis.idempotency import KEY_PATTERN
from chassis.openapi import DocumentedApi
from tests.chassis import world


class Part(BaseModel):
    code: str = Field(description="Code.")


class Sent(BaseModel):
    name: str = Field(description="Name.", examples=["Anna"])
    note: str | None = Field(None, description="Note.")
    colour: str | None = Field(None, description="Colour.", examples=["red"])


class Told(BaseModel):
    word: str = Field(description="Word.")
    part: Part = Field(description="Part.")
    parts: list[Part] = Field(description="Parts.")
    nothing: str | None = Field(description="Nothing.")


def documented(words: Words | None = None) -> DocumentedApi:
    router = APIRouter()

    @router.post("/v1/{box}")
    async def fill(box: str, sent: Sent, version: Annotated[str, Header(alias="If-Match")]) -> Told:
        # Only the document of this route is read: nobody calls it.
        raise NotImplementedError(box, sent, version)

    app = create_app(
        title="t",
        version="1",
        description="d",
        routers=[router],
        health=Health({}),
        examples=words,
        registry=CollectorRegistry(),
    )
    assert isinstance(app, DocumentedApi)
    return app


def operation(app: DocumentedApi) -> dict[str, Any]:
    found: dict[str, Any] = app.openapi()["paths"]["/v1/{box}"]["post"]
    return found


def test_a_value_that_nothing_can_be_shown_for_is_reported_by_its_place() -> None:
    app = documented()
    app.openapi()
    assert app.without_example == (
        "POST /v1/{box} box",
        "POST /v1/{box} 200 /word",
        "POST /v1/{box} 200 /part/code",
        "POST /v1/{box} 200 /parts/0/code",
    )


def test_examples_are_what_fields_say_then_what_the_words_have_for_model_and_field_then_for_the_field() -> (
    None
):
    app = documented({"box": "b1", "word": "hello", "code": "any", "Part.code": "part", "name": "Bert"})
    found = operation(app)
    assert app.without_example == ()
    assert found["requestBody"]["content"]["application/json"]["example"] == {"name": "Anna", "colour": "red"}
    assert found["responses"]["200"]["content"]["application/json"]["example"] == {
        "word": "hello",
        "part": {"code": "part"},
        "parts": [{"code": "part"}],
        "nothing": None,
    }
    assert [parameter["example"] for parameter in found["parameters"]] == ["b1", '"v1"']


def test_headers_that_all_services_read_alike_say_their_form_and_their_problems() -> None:
    found = operation(documented())
    (header,) = [parameter for parameter in found["parameters"] if parameter["in"] == "header"]
    assert header["schema"]["pattern"] == IF_MATCH_PATTERN
    assert {"409", "412", "428"} <= found["responses"].keys()


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (IF_MATCH_PATTERN, ['"v7"', "*", 'W/"v7"', '""'], ["", "v7", '"v1", "v2"', '"v7']),
        (KEY_PATTERN, ["8f14e45f", '"8f14e45f"', "a" * 255], ["", '""', "two words", "a" * 256, "ü"]),
    ],
)
def test_the_forms_of_headers_take_what_is_read_and_nothing_else(
    pattern: str, good: list[str], bad: list[str]
) -> None:
    assert [text for text in good if not re.search(pattern, text)] == []
    assert [text for text in bad if re.search(pattern, text)] == []


async def test_examples_of_problems_have_what_real_ones_have(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    app, key = world.build(tmp_path, registry)
    lacking = {"Authorization": f"Bearer {key('other:read')}"}
    async with world.asking(app) as client:
        answers = [
            await client.get("/v1/list?colour=red"),
            await client.get("/v1/list?limit=1000"),
            await client.post("/v1/things", content=b"{", headers={"Content-Type": "application/json"}),
            await client.post("/v1/things", json={}),
            await client.get("/nothing"),
            await client.delete("/v1/things"),
            await client.get(f"/v1/things/{world.THING}"),
            await client.get(f"/v1/things/{world.THING}", headers=lacking),
            await client.get("/v1/fail/crash"),
            await client.get("/v1/fail/away"),
        ]
        responses = (await client.get("/openapi.json")).json()["components"]["responses"]
    assert len({(answer.status_code, _slug(answer)) for answer in answers}) == len(answers)
    for answer in answers:
        content = responses[f"Problem{answer.status_code}"]["content"]["application/problem+json"]
        example, real = content["examples"][_slug(answer)]["value"], answer.json()
        assert example.keys() == real.keys(), _slug(answer)
        assert (example["title"], example["status"]) == (real["title"], real["status"])
        for shown, told in zip(example.get("errors", []), real.get("errors", []), strict=True):
            assert (shown.keys(), shown["code"]) == (told.keys(), told["code"])


def _slug(answer: httpx.Response) -> str:
    return str(json.loads(answer.content)["type"].rpartition("/")[2])


async def test_a_path_of_its_own_has_its_own_methods_although_a_template_fits_it(
    registry: CollectorRegistry,
) -> None:
    router = APIRouter()

    @router.get("/v1/things/export")
    async def export() -> str:
        return "all"

    @router.patch("/v1/things/{thing}")
    async def change(thing: str) -> str:
        return thing

    app = create_app(
        title="t", version="1", description="d", routers=[router], health=Health({}), registry=registry
    )
    async with world.asking(app) as client:
        refused = await client.patch("/v1/things/export")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
        assert (await client.get("/v1/things/export")).json() == "all"
        assert (await client.patch("/v1/things/other")).json() == "other"
        assert (await client.delete("/v1/things/other")).headers["allow"] == "PATCH"
