"""A small API around the chassis, as a service would build it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from chassis.app import create_app
from chassis.auth import Keyring, Principal, Verifier, authenticate, requires
from chassis.bodies import read_body
from chassis.database import DatabaseAway
from chassis.health import Health
from chassis.keys import create_key
from chassis.problems import ProblemType
from common.actor import Actor
from common.clock import utc_now
from common.refusals import Conflicting, FieldError, Missing, Stale, Unacceptable

PEPPER = "a pepper of the tests"
THING = UUID("0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30")


class AlreadyClosed(Conflicting):
    code: ClassVar[str] = "already_closed"


class Untyped(Conflicting):
    code: ClassVar[str] = "nobody_typed_this"


PROBLEMS = (ProblemType("already_closed", "Already closed", 409, "It is <closed>.", "Reopen it first."),)


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What it is called.")
    kind: Literal["a", "b"] = Field("a", description="Which kind it is.")


class Filters(BaseModel):
    status: list[str] = Field(default_factory=list, description="Only these states.")
    created_from: str | None = Field(None, alias="from", description="Only from then on.")


router = APIRouter(prefix="/v1", tags=["things"])
nested = APIRouter(prefix="/things")


@nested.get("/{thing_id}")
async def read_thing(thing_id: UUID, who: Annotated[Principal, requires("things:read")]) -> Thing:
    return Thing(name=f"{thing_id} for {who.name}")


@nested.post("", status_code=201)
async def make_thing(thing: Thing) -> Thing:
    return thing


@nested.delete("")
async def delete_things() -> None:
    raise Stale("version 3 was read, but the current version is 4", 4)


@router.post("/light", status_code=201)
async def light(request: Request) -> Response:
    principal = await authenticate(request, "things:write")
    thing = await read_body(request, Thing)
    return Response(f'{{"name":"{thing.name} of {principal.actor}"}}', 201, media_type="application/json")


def paging(limit: Annotated[int, Query(ge=1, le=100)] = 25, cursor: str | None = None) -> str:
    return f"{limit} {cursor}"


@router.get("/list")
async def list_things(
    filters: Annotated[Filters, Query()], page: Annotated[str, Depends(paging)]
) -> list[str]:
    return [*filters.status, filters.created_from or "", page]


@router.get("/fail/{how}")
async def fail(how: str) -> None:
    match how:
        case "missing":
            raise Missing("There is no such thing.")
        case "closed":
            raise AlreadyClosed("It was closed yesterday.")
        case "untyped":
            raise Untyped("the secret plan")
        case "fields":
            raise Unacceptable(
                "Two fields clash.", FieldError("/name", "clash", "names clash", "choose another")
            )
        case "away":
            raise DatabaseAway("PostgreSQL cannot be reached")
        case _:
            raise RuntimeError("the secret plan")


@router.post("/upload")
async def upload(request: Request) -> int:
    return sum([len(chunk) async for chunk in request.stream()])


@router.post("/boxes/{box}/upload")
async def upload_into(box: str, request: Request) -> int:  # noqa: ARG001 - the path alone matters
    return await upload(request)


@router.get("/unread")
async def unread() -> str:
    return "done"


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("broke off")

    return StreamingResponse(parts())


def build(
    folder: Path,
    registry: CollectorRegistry,
    *,
    public_url: str | None = None,
    bearer: Verifier | None = None,
    by_source: bool = False,
) -> tuple[FastAPI, Callable[..., str]]:
    """The application, and a function that makes a key with the scopes given."""
    file = folder / "keys.json"

    def key(*scopes: str, source_system: str | None = None) -> str:
        actor = Actor("person", "ada")
        return create_key(
            file,
            PEPPER,
            name="Ada",
            actor=actor,
            scopes=scopes,
            at=utc_now(),
            source_system=source_system,
        )[0]

    key("nothing:at-all")
    outer = APIRouter(prefix="/v1")
    outer.include_router(nested)
    app = create_app(
        title="Things",
        version="1.2.3",
        description="A small API.",
        routers=[router, outer],
        health=Health({}, registry=registry),
        keyring=Keyring(file, PEPPER),
        bearer=bearer,
        by_source=by_source,
        problems=PROBLEMS,
        public_url=public_url,
        max_body_bytes=1000,
        body_limits={"/v1/upload": 5000, "/v1/boxes/{box}/upload": 7000},
        registry=registry,
    )
    return app, key


@asynccontextmanager
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://api") as client:
        yield client


@contextmanager
def captured_logs() -> Iterator[list[dict[str, object]]]:
    """The events that were logged through structlog meanwhile."""
    from structlog.testing import capture_logs

    with capture_logs() as events:
        yield events  # type: ignore[misc]
