import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from chassis.logging import configure_logging
from tests.chassis import world


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def app(tmp_path: Path, registry: CollectorRegistry) -> FastAPI:
    return world.build(tmp_path, registry)[0]


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with world.asking(app) as asking:
        yield asking


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Logs of this test go to stdout as in a process; gives the lines written since the last call."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("things", "info")
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
