from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.intake.crm import LOOPBACK
from tests.intake.world import World, open_world
from tests.notifier.receiver import Receiver, receiving


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(intake_url, tmp_path, **LOOPBACK) as world:
        yield world


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
