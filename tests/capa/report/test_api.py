"""Reports over HTTP: one case and many, in both forms."""

import asyncio
import hashlib
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from prometheus_client import REGISTRY

from capa.api.report_pdf import PdfWriter
from capa.domain.case.case import State
from capa.usecases import choose_reports
from chassis.problems import ProblemError
from tests.capa.cases import brought_to
from tests.capa.report.telling import pdf_text, reported, squeezed, told
from tests.capa.world import World, a_complaint

CASE = {"title": "Wrong fees", "product": "credit-card", "category": "billing-dispute", "severity": "major"}
REPORT = "/v1/cases/CA-1001/report"


async def requested(client: httpx.AsyncClient, **changes: Any) -> str:
    answer = await client.post("/v1/cases", json=CASE | changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def step(client: httpx.AsyncClient, number: str, name: str, **body: Any) -> None:
    answer = await client.post(f"/v1/cases/{number}/{name}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def rejected(client: httpx.AsyncClient, number: str) -> None:
    await step(client, number, "reject", rejection="duplicate", explanation="another case has it")


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2].replace("-", "_")


def unpacked(answer: httpx.Response) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    with ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        found = {name: packed.read(name) for name in packed.namelist()}
    return found, json.loads(found.pop("manifest.json"))["reports"]


async def test_a_case_is_reported_as_html_and_pdf_from_its_record(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.triage(a_complaint())
    nonconformity = (await client.get("/v1/nonconformities/NC-1001")).json()
    await requested(client, nonconformity_ids=[nonconformity["id"]], description="Fees that nobody agreed to")
    html = await client.get(REPORT)
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in html.headers["content-security-policy"]
    pdf = await client.get(REPORT, params={"format": "pdf"})
    assert (pdf.headers["content-type"], pdf.headers["content-disposition"]) == (
        "application/pdf",
        'inline; filename="CA-1001-8D.pdf"',
    )
    text = pdf_text(pdf.content)
    for each in (
        "Fees that nobody agreed to",
        "NC-1001",
        "Contain: credit-card / billing-dispute",
        "Wrong fees",
    ):
        assert each in html.text
        assert squeezed(each) in squeezed(text)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "text/html"),
        ("application/pdf", "application/pdf"),
        ("text/html;q=0.4, application/pdf;q=0.8", "application/pdf"),
        ("text/*, application/pdf;q=0.5", "text/html"),
        ("application/json", "application/problem+json"),
        ("application/pdf;q=0, text/html;q=nonsense", "application/problem+json"),
    ],
)
async def test_accept_decides_where_no_format_is_named(
    client: httpx.AsyncClient, accept: str, kind: str
) -> None:
    await requested(client)
    answer = await client.get(REPORT, headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(kind)
    assert answer.status_code == (406 if "problem" in kind else 200)
    named = await client.get(REPORT, params={"format": "html"}, headers={"Accept": "application/pdf"})
    assert named.headers["content-type"].startswith("text/html")


async def test_a_pdf_is_set_at_whatever_instant_of_a_second(world: World, client: httpx.AsyncClient) -> None:
    await requested(client)
    world.clock.forward(microseconds=123_456)
    answer = await client.get(REPORT, params={"format": "pdf"})
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")


async def test_an_unchanged_report_is_not_sent_again_and_a_changed_one_is(
    world: World, client: httpx.AsyncClient
) -> None:
    number = await requested(client)
    first = await client.get(REPORT)
    world.clock.forward(minutes=5)
    kept = {"If-None-Match": first.headers["etag"]}
    assert (await client.get(REPORT, headers=kept)).status_code == 304
    assert (await client.get(REPORT, headers=kept, params={"format": "pdf"})).status_code == 200
    await rejected(client, number)
    assert (await client.get(REPORT, headers=kept)).status_code == 200


async def test_a_case_that_does_not_exist_has_no_report(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/cases/CA-9/report")
    assert (answer.status_code, code(answer)) == (404, "case_not_found")
    batch = await client.get("/v1/cases/reports", params={"case": "CA-9"})
    assert (batch.status_code, code(batch)) == (404, "case_not_found")


async def test_a_batch_has_a_file_for_each_case_that_matches_and_a_manifest(
    world: World, client: httpx.AsyncClient
) -> None:
    numbers = [await requested(client, title=f"Wrong fees {nth}") for nth in range(4)]
    for number in numbers[:3]:
        await rejected(client, number)
        world.clock.forward(days=1)
    period = {
        "state": "rejected",
        "closed_from": "2026-03-03T00:00:00Z",
        "closed_to": "2026-03-04T23:00:00Z",
        "format": "html",
    }
    files, manifest = unpacked(await client.get("/v1/cases/reports", params=period))
    assert sorted(files) == ["CA-1002-8D.html", "CA-1003-8D.html"]
    for each in manifest:
        content = files[each["file"]]
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
        assert each["record_sha256"] in content.decode()
        assert each["title"] in content.decode()
    files, manifest = unpacked(
        await client.get("/v1/cases/reports", params={"case": ["ca-1004", "CA-1001", "CA-1004"]})
    )
    assert [each["file"] for each in manifest] == ["CA-1004-8D.pdf", "CA-1001-8D.pdf"]
    assert all(content.startswith(b"%PDF") for content in files.values())
    assert unpacked(await client.get("/v1/cases/reports", params={"product": "none"})) == ({}, [])


async def test_the_list_of_cases_takes_a_period_of_closing_too(
    world: World, client: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await rejected(client, await requested(client))
        world.clock.forward(days=1)
    listed = await client.get("/v1/cases", params={"closed_from": "2026-03-03T00:00:00Z"})
    assert [each["number"] for each in listed.json()["items"]] == ["CA-1002"]


async def test_a_batch_is_bounded_and_says_how_to_narrow_it(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose_reports, "MOST_REPORTS", 2)
    numbers = [await requested(client) for _ in range(3)]
    for asked in ({}, {"case": numbers}):
        answer = await client.get("/v1/cases/reports", params=asked)
        assert (answer.status_code, code(answer)) == (422, "too_many_reports")
        assert "at most 2" in answer.text
    files, _ = unpacked(await client.get("/v1/cases/reports", params={"case": numbers[:2], "format": "html"}))
    assert len(files) == 2


async def test_a_batch_is_named_by_cases_or_by_filters_not_by_both(client: httpx.AsyncClient) -> None:
    number = await requested(client)
    answer = await client.get("/v1/cases/reports", params={"case": number, "state": "requested"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "contradiction")


async def test_reports_ask_for_the_right_to_read_cases(world: World, tmp_path: Path) -> None:
    async with world.caller(tmp_path, ("actions:read",)) as caller:
        for path in (REPORT, "/v1/cases/reports"):
            assert (await caller.get(path)).status_code == 403


async def test_what_is_too_large_for_a_pdf_is_refused_alone_and_comes_as_html_in_a_batch(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capa.api.report_pdf.MOST_CHARACTERS", 1_000)
    number = await requested(client)
    answer = await client.get(REPORT, params={"format": "pdf"})
    assert (answer.status_code, code(answer)) == (422, "report_too_large")
    files, _ = unpacked(await client.get("/v1/cases/reports", params={"case": number}))
    assert list(files) == ["CA-1001-8D.html"]


def counted(name: str, kind: str, form: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"kind": kind, "form": form, **labels}) or 0.0


async def test_reports_are_counted_by_kind_and_form_and_those_not_written_by_why(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await requested(client)
    written = counted("report_duration_seconds_count", "eight_d", "html")
    await client.get(REPORT)
    assert counted("report_duration_seconds_count", "eight_d", "html") == written + 1
    monkeypatch.setattr("capa.api.report_pdf.MOST_CHARACTERS", 1_000)
    why = {"reason": "report_too_large"}
    span = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "format": "pdf"}
    refused = counted("report_failures_total", "management_review", "pdf", **why)
    set_ = counted("report_duration_seconds_count", "management_review", "pdf")
    answer = await client.get("/v1/management-review", params=span)
    assert (answer.status_code, code(answer)) == (422, "report_too_large")
    assert counted("report_failures_total", "management_review", "pdf", **why) == refused + 1
    assert counted("report_duration_seconds_count", "management_review", "pdf") == set_


async def test_pdfs_are_set_one_after_the_other_and_who_waits_too_long_is_told_when_to_come_again() -> None:
    writer = PdfWriter()
    document = reported(told(State.CLOSED_EFFECTIVE))
    first = asyncio.create_task(writer.write(document))
    await asyncio.sleep(0)
    with pytest.raises(ProblemError) as refused:
        await writer.write(reported(brought_to(State.REQUESTED)), patience_seconds=0.0)
    assert (refused.value.code, refused.value.headers) == ("report_not_now", {"Retry-After": "30"})
    assert (await first).startswith(b"%PDF")
    assert (await writer.write(reported(brought_to(State.REQUESTED)))).startswith(b"%PDF")
