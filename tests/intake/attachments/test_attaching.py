"""Files of complaints through the API, with a folder as store: what is taken, and what leaves nothing behind."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.intake.attachments.files import (
    DOCX,
    LIMIT,
    PNG,
    a_known_complaint,
    attached,
    kept,
    problem,
    upload,
)
from tests.intake.world import World, open_world


async def test_a_file_of_a_form_is_kept_listed_shown_and_downloaded(world: World) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)

    answer = await upload(crm, complaint)

    file = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{complaint}/attachments/{file['id']}")
    assert {
        name: file[name] for name in ("name", "media_type", "size", "sha256", "state", "uploaded_by")
    } == {
        "name": "photo.png",
        "media_type": "image/png",
        "size": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
        "state": "stored",
        "uploaded_by": "system:crm-1",
    }
    assert (await crm.get(f"{complaint}/attachments")).json() == {"items": [file]}
    assert (await crm.get(answer.headers["location"])).json() == file
    shown = (await crm.get(complaint)).json()
    assert (shown["files"], shown["attachments"]) == ([file], [])
    assert (await crm.get("/v1/complaints")).json()["items"][0]["files"] == [file]
    content = await crm.get(file["content_url"])
    assert (content.status_code, content.content) == (200, PNG)


async def test_a_body_of_its_own_is_named_by_content_disposition(world: World) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)

    answer = await crm.post(
        f"{complaint}/attachments",
        content=b"%PDF-1.7 ...",
        headers={
            "Content-Type": "application/pdf",
            "Content-Disposition": "attachment; filename=\"old.pdf\"; filename*=UTF-8''pr%C3%BCfung.pdf",
        },
    )

    assert (answer.status_code, answer.json()["name"]) == (201, "prüfung.pdf")


async def test_a_body_without_a_name_is_refused_and_the_header_is_named(world: World) -> None:
    complaint = await a_known_complaint(world)

    answer = await world.client("crm").post(f"{complaint}/attachments", content=PNG)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "Content-Disposition")


@pytest.mark.parametrize(
    "files",
    [
        [("other", ("a.png", PNG, "image/png"))],
        [("file", ("a.png", PNG, "image/png")), ("file", ("b.png", PNG, "image/png"))],
    ],
    ids=["another field", "two files"],
)
async def test_a_form_without_exactly_one_file_is_refused_and_leaves_nothing(
    world: World, folder: Path, files: Any
) -> None:
    complaint = await a_known_complaint(world)

    answer = await world.client("crm").post(f"{complaint}/attachments", files=files)

    assert (answer.status_code, problem(answer)) == (400, "attachment_form_invalid")
    assert (kept(folder), await world.count("attached_file")) == ([], 0)


async def test_a_form_that_breaks_off_leaves_nothing(world: World, folder: Path) -> None:
    complaint = await a_known_complaint(world)
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG

    answer = await world.client("crm").post(
        f"{complaint}/attachments", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert (answer.status_code, problem(answer)) == (400, "attachment_form_invalid")
    assert (kept(folder), await world.count("attached_file")) == ([], 0)


@pytest.mark.parametrize(
    ("given", "headers", "expected"),
    [
        ({"content": b"MZ\x90\x00"}, {}, (422, "attachment_content_mismatch")),
        ({"content": b"<html>", "media_type": "text/html"}, {}, (415, "attachment_type_not_allowed")),
        ({"content": b""}, {}, (422, "attachment_empty")),
        ({"content": PNG + bytes(LIMIT)}, {}, (413, "attachment_too_large")),
        ({}, {"X_Checksum_SHA256": "0" * 64}, (422, "attachment_checksum_mismatch")),
        ({}, {"X_Checksum_SHA256": "abc"}, (400, "invalid_parameter")),
        ({"name": "a" * 256}, {}, (422, "attachment_name_invalid")),
    ],
    ids=["magic", "type", "empty", "size", "checksum", "no checksum", "name"],
)
async def test_a_file_that_breaks_a_rule_is_refused_and_leaves_nothing(
    world: World, folder: Path, given: Any, headers: Any, expected: tuple[int, str]
) -> None:
    complaint = await a_known_complaint(world)

    answer = await upload(world.client("crm"), complaint, **given, **headers)

    assert (answer.status_code, problem(answer)) == expected
    assert (kept(folder), await world.count("attached_file")) == ([], 0)
    assert len(await world.rows("SELECT 1 FROM complaint_history")) == 1


async def test_a_right_checksum_is_accepted(world: World) -> None:
    complaint = await a_known_complaint(world)

    answer = await upload(
        world.client("crm"), complaint, X_Checksum_SHA256=hashlib.sha256(PNG).hexdigest().upper()
    )

    assert answer.status_code == 201


async def test_what_is_too_large_is_not_read_to_its_end_and_ends_the_connection(world: World) -> None:
    complaint = await a_known_complaint(world)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield PNG
        while sent < 1_000 * LIMIT:
            sent += 1_000
            yield bytes(1_000)

    headers = {"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="a.png"'}
    request = world.client("crm").build_request(
        "POST", f"{complaint}/attachments", content=endless(), headers=headers
    )
    received, answer = await _ask(world, request)

    assert (answer["status"], dict(answer["headers"])[b"connection"]) == (413, b"close")
    assert received <= LIMIT + 1_000


async def _ask(world: World, request: httpx.Request) -> tuple[int, dict[str, Any]]:
    """Send a request as a server would, and tell how many bytes of its body the application asked for."""
    received, answer = 0, {}
    chunks = aiter(request.stream)  # type: ignore[arg-type]  # it is asynchronous here

    async def receive() -> dict[str, Any]:
        nonlocal received
        chunk = await anext(chunks, b"")
        received += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.update(message)

    scope = {
        "type": "http",
        "method": request.method,
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("intake.test", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    await world.app(scope, receive, send)
    return received, answer


async def test_the_same_content_is_attached_once_whichever_name_it_has(world: World, folder: Path) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)
    first = await attached(crm, complaint)

    again = await upload(crm, complaint, name="other.png")

    assert (again.status_code, again.json()) == (200, first)
    assert (len(kept(folder)), await world.count("attached_file")) == (1, 1)
    other = await upload(crm, await a_known_complaint(world))
    assert other.status_code == 201


async def test_the_same_content_sent_at_once_is_attached_once(world: World, folder: Path) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)

    answers = await asyncio.gather(*(upload(crm, complaint) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (len(kept(folder)), await world.count("attached_file")) == (1, 1)


async def test_an_idempotency_key_answers_again_and_belongs_to_one_content(
    world: World, folder: Path
) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)
    first = await upload(crm, complaint, Idempotency_Key="k-1")

    again = await upload(crm, complaint, Idempotency_Key="k-1")
    other = await upload(crm, complaint, content=PNG + b"x", Idempotency_Key="k-1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, problem(other)) == (422, "idempotency_key_reused")
    assert len(kept(folder)) == 1


async def test_a_complaint_has_no_more_files_than_it_may(world: World, folder: Path) -> None:
    crm = world.client("crm")
    complaint = await a_known_complaint(world)
    for number in range(3):
        await attached(crm, complaint, content=PNG + bytes([number]))

    answer = await upload(crm, complaint)

    assert (answer.status_code, problem(answer)) == (409, "too_many_attachments")
    assert len(kept(folder)) == 3


@pytest.mark.parametrize("name", ["../../etc/passwd.png", "....//boot.png", "/etc/passwd.png"])
async def test_a_name_never_becomes_a_place(world: World, folder: Path, name: str) -> None:
    file = await attached(world.client("crm"), await a_known_complaint(world), name=name)

    assert file["name"] == name
    files = {place.name for place in kept(folder.parent) if "keys.json" not in place.name}
    assert files == {file["id"]}


async def test_an_archive_is_not_unpacked(world: World, folder: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(10_000_000))
    content = bomb.getvalue()

    await attached(
        world.client("crm"), await a_known_complaint(world), content=content, name="a.docx", media_type=DOCX
    )

    assert [place.read_bytes() for place in kept(folder)] == [content]


async def test_without_a_store_nothing_is_taken_and_the_problem_says_so(
    intake_url: str, tmp_path: Path
) -> None:
    async with open_world(intake_url, tmp_path) as world:
        complaint = await a_known_complaint(world)

        answer = await upload(world.client("crm"), complaint)

        assert (answer.status_code, problem(answer)) == (409, "attachments_not_set_up")
        assert (await world.client("crm").get(f"{complaint}/attachments")).json() == {"items": []}


async def test_a_store_that_is_away_is_a_503_that_leaves_no_record(world: World, folder: Path) -> None:
    complaint = await a_known_complaint(world)
    folder.write_bytes(b"no folder")

    answer = await upload(world.client("crm"), complaint)

    assert (answer.status_code, problem(answer)) == (503, "attachment_storage_away")
    assert int(answer.headers["retry-after"]) > 0
    assert (await world.client("crm").get(f"{complaint}/attachments")).json() == {"items": []}
