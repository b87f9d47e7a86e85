from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.intake.clocks.timing import CONFIG
from tests.intake.lifecycle.desk import Desk
from tests.intake.world import World, open_world


@pytest.fixture
async def timed_world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world with the clock policy that is shipped."""
    async with open_world(intake_url, tmp_path, clock_policy=CONFIG / "clocks.toml") as world:
        yield world


@pytest.fixture
def desk(timed_world: World) -> Desk:
    return Desk(timed_world)
