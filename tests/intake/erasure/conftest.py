from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.intake.world import World, open_world


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    store: dict[str, Any] = {"attachment_store": "folder", "attachment_folder": tmp_path / "attachments"}
    async with open_world(intake_url, tmp_path, **store) as world:
        yield world
