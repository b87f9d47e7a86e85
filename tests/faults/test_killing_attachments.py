"""intake is killed while files are handed over; whoever sends again loses and doubles nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.running import RunningSystem, complaint, running_system
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(300)]
CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 8_000
HEADERS = {
    "Content-Type": "application/pdf",
    "Content-Disposition": 'attachment; filename="evidence.pdf"',
    "Idempotency-Key": "evidence-1",
}


@pytest.fixture
async def system() -> AsyncIterator[RunningSystem]:
    async with running_system() as system:
        yield system


async def test_an_upload_that_a_kill_cuts_off_is_sent_again_and_kept_once(system: RunningSystem) -> None:
    crm = system.client("intake", "crm")
    posted = await crm.post("/v1/complaints", json=complaint("K-1"))
    place = f"/v1/complaints/{posted.raise_for_status().json()['id']}/attachments"
    earlier = await crm.post(place, files={"file": ("a.txt", b"earlier", "text/plain")})
    assert earlier.status_code == 201, earlier.text

    async def until_killed() -> AsyncIterator[bytes]:
        yield CONTENT[:1_000_000]
        await until(lambda: _drafts(system.home), seconds=30, what="the content is being written")
        await system.kill("intake")
        yield CONTENT[1_000_000:]

    with pytest.raises(httpx.TransportError):
        await crm.post(place, content=until_killed(), headers=HEADERS)
    await asyncio.wait_for(system.ready(), 90)

    listed = (await crm.get(place)).json()["items"]
    assert [file["name"] for file in listed] == ["a.txt"]
    again = await crm.post(place, content=CONTENT, headers=HEADERS)
    repeated = await crm.post(place, content=CONTENT, headers=HEADERS)
    assert (again.status_code, repeated.json()) == (201, again.json())
    assert (await crm.get(again.json()["content_url"])).content == CONTENT
    assert (await crm.get(earlier.json()["content_url"])).content == b"earlier"
    assert len((await crm.get(place)).json()["items"]) == 2


def _drafts(home: Path) -> bool:
    return any((home / "attachments").rglob("*.part"))
