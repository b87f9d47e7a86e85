"""The inspection pack: whole, verifiable without Redress, and safe to open."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from intake.api.packs import verify_pack
from tests.intake.test_timeline import story
from tests.intake.world import World, a_complaint, open_world

PATH = "/v1/complaints"
CHECKER = Path(verify_pack.__file__)
SCRIPT = "<script>alert('Erika')</script>"
TOLD = a_complaint(
    external_id="E-1",
    title=f"Twice {SCRIPT}",
    description="Ich wurde doppelt belastet \N{EURO SIGN} & <b>wütend</b>.",
    complainant={"reference": "K-1", "name": "Erika Musterfrau", "email": "erika@example.org"},
)
FILES = (b"%PDF-1.7 the receipt", b"%PDF-1.7 " + b"x" * 300_000)


@pytest.fixture
async def world(intake_url: str, tmp_path: Path) -> AsyncIterator[World]:
    store: dict[str, Any] = {"attachment_store": "folder", "attachment_folder": tmp_path / "attachments"}
    async with open_world(intake_url, tmp_path, **store) as world:
        yield world


@pytest.fixture
async def number(world: World) -> str:
    """A complaint with everything that a pack can hold."""
    crm, staff = world.client("crm"), world.client("staff")
    posted = (await crm.post(PATH, json=TOLD)).json()
    for each in story(UUID(posted["id"])):
        await world.hears(each)
    patched = await staff.patch(
        f"{PATH}/{posted['number']}",
        json={"reason": "misheard", "lot": "L-7", "description": "Three times, she says."},
        headers={"If-Match": '"v1"'},
    )
    assert patched.status_code == 200
    for nth, content in enumerate(FILES):
        attached = await crm.post(
            f"{PATH}/{posted['number']}/attachments",
            content=content,
            headers={
                "Content-Type": "application/pdf",
                "Content-Disposition": f'attachment; filename="../receipt {nth}.pdf"',
            },
        )
        assert attached.status_code == 201, attached.text
    await world.client("privacy").post(f"{PATH}/{posted['number']}/hold", json={"reason": "a lawsuit"})
    return str(posted["number"])


async def fetch(world: World, number: str, form: str, who: str = "staff") -> httpx.Response:
    answer = await world.client(who).get(f"{PATH}/{number}/inspection-pack", params={"format": form})
    assert answer.status_code == 200, answer.text
    return answer


def checked(place: Path) -> tuple[int, str]:
    """What the checker says, run as an inspector runs it: without anything of Redress to import."""
    command = [sys.executable, "-I", "-S", str(CHECKER), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


async def unpacked(world: World, number: str, folder: Path, who: str = "staff") -> Path:
    answer = await fetch(world, number, "zip", who)
    assert answer.headers["content-disposition"] == f'attachment; filename="{number}-inspection-pack.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder


async def test_an_archive_holds_all_and_is_verified_without_redress(
    world: World, number: str, tmp_path: Path
) -> None:
    folder = await unpacked(world, number, tmp_path / "pack")

    assert checked(folder) == (0, "OK: the pack is whole, and its history holds\n")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    attached = {name for name in names if name.startswith("attachments/")}
    assert names - attached == {
        "README.txt",
        "verify_pack.py",
        "inspection-pack.html",
        "pack.json",
        "MANIFEST.sha256",
    }
    assert sorted((folder / name).read_bytes() for name in attached) == sorted(FILES)
    assert all(name.endswith(("receipt 0.pdf", "receipt 1.pdf")) for name in attached)
    pack = json.loads((folder / "pack.json").read_text())
    assert pack["complaint"]["complainant"]["name"] == "Erika Musterfrau"
    assert (pack["personal_data"], pack["hold"]["reason"], pack["history"]["intact"]) == (
        "shown",
        "a lawsuit",
        True,
    )
    assert {entry["kind"] for entry in pack["timeline"]} == {"step", "case", "clock", "notice"}
    assert pack["history"]["items"][1]["withheld"]["description"][1] == "Three times, she says."
    sums = subprocess.run(
        ["sha256sum", "--check", "--strict", "MANIFEST.sha256"],  # noqa: S607 - of the machine
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert sums.returncode == 0, sums.stdout


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("entry", "entry 2 was changed"),
        ("order", "does not follow"),
        ("cut", "does not end where the pack says"),
        ("text", "the texts beside entry 2 were changed"),
        ("told", "what was told at first is not what entry 1 binds"),
        ("file", "is not the file that the manifest names"),
        ("lost", "is missing"),
        ("added", "is not in the manifest"),
        ("none", "is no inspection pack"),
    ],
)
async def test_the_checker_finds_what_was_changed(
    world: World, number: str, tmp_path: Path, tampering: str, said: str
) -> None:
    folder = await unpacked(world, number, tmp_path / "pack")
    file = folder / "pack.json"
    pack = json.loads(file.read_text())
    items = pack["history"]["items"]
    match tampering:
        case "entry":
            items[1]["reason"] = "another"
        case "order":
            items[1], items[2] = items[2], items[1]
        case "cut":
            items.pop()
        case "text":
            items[1]["withheld"]["description"][1] = "Nothing."
        case "told":
            pack["complaint"]["complainant"]["name"] = "Max Mustermann"
        case "file":
            next((folder / "attachments").iterdir()).write_bytes(b"other")
        case "lost":
            next((folder / "attachments").iterdir()).unlink()
        case "added":
            (folder / "note.txt").write_text("x")
        case _:
            pack = {}
    if tampering in {"entry", "order", "cut", "text", "told", "none"}:
        file.write_text(json.dumps(pack))
    code, output = checked(folder)
    assert (code, said in output) == (1, True), output


@pytest.mark.parametrize("form", ["json", "zip"])
async def test_the_checker_takes_the_archive_and_the_bare_document_too(
    world: World, number: str, tmp_path: Path, form: str
) -> None:
    file = tmp_path / f"pack.{form}"
    file.write_bytes((await fetch(world, number, form)).content)
    assert checked(file) == (0, "OK: the pack is whole, and its history holds\n")


class _Loads(HTMLParser):
    """Collects whatever a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in {"script", "iframe", "object", "embed", "link", "img", "base", "form"} or "src" in named:
            self.found.append(tag)
        self.found += [name for name in named if name.startswith("on")]


async def test_the_page_is_whole_in_itself_and_runs_nothing_that_somebody_wrote(
    world: World, number: str
) -> None:
    answer = await fetch(world, number, "html")

    page = _Loads()
    page.feed(answer.text)
    assert page.found == []
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (SCRIPT in answer.text, "&lt;script&gt;" in answer.text) == (False, True)
    for shown in (
        "Erika Musterfrau",
        "Three times, she says.",
        "A-1001",
        "notice sent",
        "misheard",
        "a lawsuit",
    ):
        assert shown in answer.text, shown


@pytest.mark.parametrize("form", ["json", "html"])
async def test_who_may_not_see_personal_data_gets_a_pack_that_says_so_and_still_verifies(
    world: World, number: str, tmp_path: Path, form: str
) -> None:
    answer = await fetch(world, number, form, "reader")

    for hidden in ("Erika Musterfrau", "erika@example.org", "wütend", "receipt"):
        assert hidden not in answer.text
    if form == "json":
        assert (answer.json()["personal_data"], answer.json()["attachments"]["shown"]) == ("withheld", False)
        (tmp_path / "pack.json").write_bytes(answer.content)
        assert checked(tmp_path / "pack.json")[0] == 0
    else:
        assert "not shown to this reader" in answer.text
    reads = (await world.client("privacy").get(f"{PATH}/{number}/personal-reads")).json()["items"]
    assert [one["operation"] for one in reads] == ["read"], "of who amended it"


async def test_a_pack_with_personal_data_is_on_record(world: World, number: str) -> None:
    await fetch(world, number, "html")
    await fetch(world, number, "zip", "crm")

    reads = (await world.client("privacy").get(f"{PATH}/{number}/personal-reads")).json()["items"]

    assert sorted((one["operation"], one["actor"]) for one in reads) == [
        ("inspection_pack", "person:anna.berg"),
        ("inspection_pack", "system:crm-1"),
        ("read", "person:anna.berg"),
    ]


async def test_after_an_erasure_the_pack_holds_nobody_says_so_and_still_verifies(
    world: World, number: str, tmp_path: Path
) -> None:
    privacy = world.client("privacy")
    await privacy.delete(f"{PATH}/{number}/hold", params={"reason": "settled"})
    await privacy.post(f"{PATH}/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"})

    folder = await unpacked(world, number, tmp_path / "pack")

    assert checked(folder)[0] == 0
    texts = (folder / "pack.json").read_text() + (folder / "inspection-pack.html").read_text()
    assert not [word for word in ("Erika", "erika", "wütend", "receipt", "Three times") if word in texts]
    assert json.loads((folder / "pack.json").read_text())["personal_data"] == "erased"
    assert not (folder / "attachments").exists()


async def test_a_content_that_the_store_has_lost_is_said_to_be(
    world: World, number: str, tmp_path: Path
) -> None:
    lost = next(path for path in (tmp_path / "attachments").rglob("*") if path.is_file())
    lost.unlink()

    folder = await unpacked(world, number, tmp_path / "pack")

    assert checked(folder)[0] == 0
    assert len(list((folder / "attachments").iterdir())) == 1
    assert len((folder / "attachments-missing.txt").read_text().splitlines()) == 1


async def test_a_broken_history_is_told_by_the_pack_and_found_by_the_checker(
    world: World, number: str, tmp_path: Path
) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(
            sa.text("UPDATE complaint_history SET actor = 'person:no' WHERE position = 2")
        )

    folder = await unpacked(world, number, tmp_path / "pack")

    assert json.loads((folder / "pack.json").read_text())["history"]["broken_at"] == 2
    assert "history broken at entry 2" in (folder / "inspection-pack.html").read_text()
    assert checked(folder)[0] == 1
