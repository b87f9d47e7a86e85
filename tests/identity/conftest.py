"""The three APIs with real keys; intake once more with a real database, where it matters what is whose."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import capa.settings
import capa.wiring
import intake.db.work
import intake.settings
import intake.wiring
import notifier.db.work
import notifier.settings
import notifier.wiring
from chassis.health import Health
from chassis.keys import create_key
from common.actor import Actor
from common.clock import utc_now
from events.wake import Wake
from tests.intake.conftest import intake_template, intake_url
from tests.intake.world import World, open_world

__all__ = ["intake_template", "intake_url"]  # fixtures of intake's, found here by their names

PEPPER = "a pepper of tests, long enough to be one"
CONFIG = Path(__file__).parents[2] / "config"

MakeKey = Callable[..., str]


def key_maker(file: Path, pepper: str) -> MakeKey:
    """What makes keys in a file; asked for the same again, it gives the same again."""

    @cache
    def make(*scopes: str, source_system: str | None = None) -> str:
        actor = Actor("system", source_system) if source_system else Actor("person", "anna.berg")
        return create_key(
            file,
            pepper,
            name="test",
            actor=actor,
            scopes=scopes,
            at=utc_now(),
            source_system=source_system,
        )[0]

    return make


def _signed(request: Mapping[str, Any], key: str | None) -> Mapping[str, Any]:
    """Whoever signs gives the key again."""
    body = request.get("json")
    if key is None or not isinstance(body, Mapping) or "signature" not in body:
        return request
    return {**request, "json": {**body, "signature": {**body["signature"], "credential": key}}}


@dataclass(frozen=True)
class Apis:
    """The applications by service, and what makes keys for them."""

    apps: Mapping[str, FastAPI]
    key: MakeKey

    async def ask(
        self, service: str, operation: str, key: str | None, request: Mapping[str, Any]
    ) -> httpx.Response:
        """Send a request as the table has it; what a path names need not be there."""
        request = _signed(request, key)
        method, _, path = operation.partition(" ")
        path = re.sub(r"\{\w+\}", "0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30", path)
        transport = httpx.ASGITransport(app=self.apps[service])
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://api.test", headers=headers
        ) as client:
            return await client.request(method, path, **request)


@pytest.fixture(scope="session")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Apis:
    """The APIs without a database: who may not come in must be told before one is asked."""
    file = tmp_path_factory.mktemp("identity") / "keys.json"
    key = key_maker(file, PEPPER)
    key("nothing:at-all")
    values: dict[str, Any] = {
        "database_url": "postgresql://nobody@/nothing?host=/nonexistent",
        "pepper": PEPPER,
        "config_dir": CONFIG,
        "keys_file": file,
    }
    nothing = Health({})
    store: dict[str, Any] = {"attachment_store": "folder", "attachment_folder": file.parent / "attachments"}
    taking = intake.wiring.open_core(
        intake.settings.IntakeSettings(**values, **store), role="test", wake=intake.db.work.Bells()
    )
    acting = capa.wiring.open_core(capa.settings.CapaSettings(**values), role="test", wake=Wake())
    telling = notifier.wiring.open_core(
        notifier.settings.Settings(**values), role="test", wakes=notifier.db.work.Wakes()
    )
    apps = {
        "intake": intake.wiring.build_app(taking, nothing),
        "capa": capa.wiring.build_app(acting, nothing),
        "notifier": notifier.wiring.build_app(telling, nothing),
    }
    return Apis(apps, key)


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    store: dict[str, Any] = {"attachment_store": "folder", "attachment_folder": tmp_path / "attachments"}
    async with open_world(intake_url, tmp_path, **store) as world:
        yield world
