"""A file is given out under its name, whole or in ranges, and runs nothing."""

from pathlib import Path

import pytest

from tests.intake.attachments.files import PNG, a_known_complaint, attached, kept, problem
from tests.intake.world import World


async def test_a_download_is_saved_under_its_name_and_runs_nothing(world: World) -> None:
    crm = world.client("crm")
    file = await attached(crm, await a_known_complaint(world), name="Beschädigung.png")

    headers = (await crm.get(file["content_url"])).headers

    assert headers["content-disposition"] == (
        "attachment; filename=\"Beschadigung.png\"; filename*=UTF-8''Besch%C3%A4digung.png"
    )
    assert headers["content-type"] == "image/png"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")
    assert headers["etag"] == f'"{file["sha256"]}"'


@pytest.mark.parametrize(
    ("header", "status", "expected", "shown"),
    [
        ("bytes=0-9", 206, PNG[:10], f"bytes 0-9/{len(PNG)}"),
        ("bytes=100-", 206, PNG[100:], f"bytes 100-{len(PNG) - 1}/{len(PNG)}"),
        ("bytes=-7", 206, PNG[-7:], f"bytes {len(PNG) - 7}-{len(PNG) - 1}/{len(PNG)}"),
        ("bytes=0-1,5-6", 200, PNG, None),
        ("lines=1-2", 200, PNG, None),
        ("bytes=9-3", 200, PNG, None),
    ],
)
async def test_a_range_is_served_and_what_is_none_means_the_whole(
    world: World, header: str, status: int, expected: bytes, shown: str | None
) -> None:
    crm = world.client("crm")
    file = await attached(crm, await a_known_complaint(world))

    answer = await crm.get(file["content_url"], headers={"Range": header})

    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (
        status,
        expected,
        shown,
    )


async def test_a_range_behind_the_end_is_refused_with_the_size(world: World) -> None:
    crm = world.client("crm")
    file = await attached(crm, await a_known_complaint(world))

    answer = await crm.get(file["content_url"], headers={"Range": f"bytes={len(PNG)}-"})

    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(PNG)}")


async def test_a_range_of_a_content_that_changed_and_a_known_content(world: World) -> None:
    crm = world.client("crm")
    file = await attached(crm, await a_known_complaint(world))
    tag = f'"{file["sha256"]}"'

    other = await crm.get(file["content_url"], headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    same = await crm.get(file["content_url"], headers={"Range": "bytes=0-9", "If-Range": tag})
    known = await crm.get(file["content_url"], headers={"If-None-Match": tag})

    assert [answer.status_code for answer in (other, same, known)] == [200, 206, 304]


async def test_a_content_that_was_lost_is_told_as_such(world: World, folder: Path) -> None:
    crm = world.client("crm")
    file = await attached(crm, await a_known_complaint(world))
    for place in kept(folder):
        place.unlink()

    answer = await crm.get(file["content_url"])

    assert (answer.status_code, problem(answer)) == (500, "attachment_content_missing")
