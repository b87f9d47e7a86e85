"""The whole file of real complaints goes through: every accepted row is one complaint and one decision."""

import csv
import io
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.support.running import RunningSystem, every_page
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(900)]

VARIABLE = "REDRESS_COMPLAINTS_CSV"
WITHIN = 500


@pytest.fixture
def real_file() -> bytes:
    path = os.environ.get(VARIABLE)
    if not path:
        pytest.skip(f"set {VARIABLE} to a copy of the CFPB's public complaint file")
    return Path(path).read_bytes()


async def test_every_row_of_the_real_file_is_one_complaint_and_one_decision(
    system: RunningSystem, real_file: bytes
) -> None:
    ids = {row["Complaint ID"] for row in csv.DictReader(io.StringIO(real_file.decode("utf-8-sig")))}
    intake, capa = system.client("intake", "admin"), system.client("capa", "quality")
    query = {"profile": "cfpb", "source_system": "cfpb"}
    posted = await intake.post(
        "/v1/imports", params=query, content=real_file, headers={"Content-Type": "text/csv"}
    )
    assert posted.status_code == 202, posted.text

    async def imported() -> bool:
        found = (await intake.get(f"/v1/imports/{posted.json()['id']}")).json()
        assert found["state"] in {"queued", "running", "finished"}, found
        return bool(found["state"] == "finished")

    await until(imported, seconds=WITHIN, what="the file is imported")

    async def all_decided() -> bool:
        waiting = await intake.get("/v1/complaints", params={"triage": "pending", "limit": 1})
        return not waiting.json()["items"]

    await until(all_decided, seconds=WITHIN, what="every complaint is decided")
    complaints = await every_page(intake, "/v1/complaints", source_system="cfpb")
    decisions = await every_page(capa, "/v1/triage-decisions")
    assert Counter(found["external_id"] for found in complaints) == Counter(ids)
    assert Counter(found["complaint_id"] for found in decisions) == Counter(
        found["id"] for found in complaints
    )
