import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chassis.migrations import migrate
from tests.notifier.receiver import Receiver, receiving
from tests.notifier.smtp import Mailbox, mailbox_running
from tests.notifier.world import World, open_world
from tests.support.postgres import Databases


@pytest.fixture(scope="session")
async def notifier_template(postgres: Databases) -> AsyncIterator[str]:
    """A database at head that every test's own is copied from."""
    name = f"notifier_template_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await migrate(postgres.url(name), "notifier")
    yield name
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def notifier_url(postgres: Databases, notifier_template: str) -> Iterator[str]:
    name = f"notifier_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {notifier_template}")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
