from collections.abc import AsyncIterator, Mapping

import pytest

from chassis.migrations import migrate
from common.ids import new_id
from tests.announcing.trio import SERVICES
from tests.support.postgres import Databases


@pytest.fixture(scope="session")
async def trio_templates(postgres: Databases) -> AsyncIterator[Mapping[str, str]]:
    """A database at head for each service and for the log, to be copied."""
    templates = {}
    for name in (*SERVICES, "log"):
        templates[name] = f"trio_template_{name}_{new_id().hex}"
        postgres.execute(f"CREATE DATABASE {templates[name]} TEMPLATE template0")
        await migrate(postgres.url(templates[name]), "events.log" if name == "log" else name)
    yield templates
    for template in templates.values():
        postgres.execute(f"DROP DATABASE {template} WITH (FORCE)")
