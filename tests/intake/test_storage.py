"""Both stores of attachments keep one contract."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from common.ids import new_id
from intake.storage.folder import FolderStorage
from intake.storage.s3 import PART_BYTES, S3Storage
from intake.usecases.attachments import ContentMissing, Storage, StorageAway
from tests.support.s3_server import S3Server, answers, s3_server

LONG = bytes(range(256)) * (2 * PART_BYTES // 256) + b"the end"


class BrokenOffError(Exception):
    pass


@pytest.fixture(scope="session")
def started_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3") / "objects") as server:
        yield server


@pytest.fixture
async def s3(started_s3: S3Server) -> S3Server:
    await answers(started_s3)
    return started_s3


@pytest.fixture
def folder_store(tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "attachments")


@pytest.fixture
def s3_store(s3: S3Server) -> Storage:
    return S3Storage(s3.bucket(prefix="attachments/"))


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> Storage:
    # By name, so that the folder is tested where no S3 server can run.
    chosen: Storage = request.getfixturevalue(f"{request.param}_store")
    return chosen


async def _pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def _breaking(content: bytes) -> AsyncIterator[bytes]:
    async for piece in _pieces(content):
        yield piece
    raise BrokenOffError


async def _read(store: Storage, file_id: UUID, start: int, end: int) -> bytes:
    return b"".join([block async for block in await store.read(file_id, start=start, end=end)])


@pytest.mark.parametrize(
    "content", [b"x", LONG[:PART_BYTES], LONG], ids=["a byte", "one part", "three parts"]
)
async def test_what_is_written_is_read_back(store: Storage, content: bytes) -> None:
    file_id = new_id()

    await store.write(file_id, _pieces(content))

    assert await _read(store, file_id, 0, len(content)) == content


async def test_a_part_is_read_alone(store: Storage) -> None:
    file_id = new_id()
    await store.write(file_id, _pieces(LONG))

    assert (
        await _read(store, file_id, PART_BYTES - 3, PART_BYTES + 300_000) == LONG[PART_BYTES - 3 :][:300_003]
    )
    assert await _read(store, file_id, len(LONG) - 7, len(LONG)) == b"the end"


@pytest.mark.parametrize("content", [b"x", LONG], ids=["short", "long"])
async def test_a_write_that_breaks_off_leaves_nothing_and_tells_its_own_error(
    store: Storage, content: bytes
) -> None:
    file_id = new_id()

    with pytest.raises(BrokenOffError):
        await store.write(file_id, _breaking(content))

    with pytest.raises(ContentMissing):
        await store.read(file_id, start=0, end=1)


async def test_a_write_to_a_folder_that_breaks_off_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(BrokenOffError):
        await FolderStorage(tmp_path).write(new_id(), _breaking(LONG))

    assert [place for place in tmp_path.rglob("*") if place.is_file()] == []


async def test_a_deleted_content_is_gone_and_deleting_again_does_nothing(store: Storage) -> None:
    file_id, other = new_id(), new_id()
    await store.write(file_id, _pieces(b"content"))
    await store.write(other, _pieces(b"other"))

    await store.delete(file_id)
    await store.delete(file_id)

    with pytest.raises(ContentMissing):
        await store.read(file_id, start=0, end=1)
    assert await _read(store, other, 0, 5) == b"other"


async def test_a_content_that_never_was_is_missing(store: Storage) -> None:
    with pytest.raises(ContentMissing):
        await store.read(new_id(), start=0, end=1)


async def test_a_folder_that_cannot_be_written_is_a_store_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"no folder")

    with pytest.raises(StorageAway):
        await FolderStorage(tmp_path / "file").write(new_id(), _pieces(b"content"))


async def test_a_killed_process_leaves_a_draft_that_deleting_removes(tmp_path: Path) -> None:
    store, file_id = FolderStorage(tmp_path), new_id()
    # Whoever is killed while writing never comes to the end of the content.
    writing = store.write(file_id, _breaking(b"half"))
    with pytest.raises(BrokenOffError):
        await writing
    draft = tmp_path / file_id.hex[-2:] / f"{file_id}.part"
    draft.write_bytes(b"half")

    await store.delete(file_id)

    assert [place for place in tmp_path.rglob("*") if place.is_file()] == []


async def test_a_wrong_secret_is_a_store_that_is_away(s3: S3Server) -> None:
    store = S3Storage(s3.bucket(credential="another one"))

    with pytest.raises(StorageAway):
        await store.write(new_id(), _pieces(b"content"))
