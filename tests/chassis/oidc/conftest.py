from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.chassis.oidc.desk import Desk, a_desk
from tests.support.issuer import Issuer, issuing


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
async def desk(issuer: Issuer, tmp_path: Path, registry: CollectorRegistry) -> AsyncIterator[Desk]:
    async with a_desk(issuer, tmp_path, registry) as desk:
        yield desk
