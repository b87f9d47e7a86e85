from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.intake.attachments.files import LIMIT
from tests.intake.world import World, open_world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "attachments"


@pytest.fixture
async def world(intake_url: str, tmp_path: Path, folder: Path) -> AsyncIterator[World]:
    async with open_world(
        intake_url,
        tmp_path,
        attachment_store="folder",
        attachment_folder=folder,
        attachment_max_bytes=LIMIT,
        attachment_max_per_complaint=3,
    ) as world:
        yield world
