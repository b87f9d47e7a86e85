from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.notifier.receiver import Receiver, receiving
from tests.notifier.smtp import Mailbox, mailbox_running
from tests.notifier.world import World, open_world
from tests.support.postgres import Databases, fresh_database, template_of


@pytest.fixture(scope="session")
async def notifier_template(postgres: Databases) -> AsyncIterator[str]:
    """A database at head that every test's own is copied from."""
    async with template_of(postgres, "notifier") as name:
        yield name


@pytest.fixture
def notifier_url(postgres: Databases, notifier_template: str) -> Iterator[str]:
    with fresh_database(postgres, notifier_template) as url:
        yield url


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with mailbox_running() as mailbox:
        yield mailbox


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def world(notifier_url: str, tmp_path: Path, mailbox: Mailbox) -> AsyncIterator[World]:
    async with open_world(notifier_url, tmp_path, mailbox) as world:
        yield world
