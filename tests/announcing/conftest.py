from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest

from tests.announcing.trio import SERVICES
from tests.support.postgres import Databases, template_of


@pytest.fixture(scope="session")
async def trio_templates(postgres: Databases) -> AsyncIterator[Mapping[str, str]]:
    """A database at head for each service and for the log, to be copied."""
    packages = {service: service for service in SERVICES} | {"log": "events.log"}
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(template_of(postgres, package))
            for name, package in packages.items()
        }
