"""Processes are killed while files are handed over and deleted: no content without a record, no record without content.

A kill is an error that comes once in place of a step, or after it; whatever the process would have cleared away then stays,
since the store and the records refuse every later call of it as a dead process would make none.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typing_extensions import override

from common.actor import Actor
from intake.db.attached_files import PostgresFiles
from intake.domain.attached_file import UploadGivenUp
from intake.jobs.sweep_attachments import FAILED, SWEPT, RunSweep
from intake.storage.folder import FolderStorage
from intake.usecases import attach_file
from intake.usecases.attach_file import Attach, AttachFile, Limits, Upload
from intake.usecases.delete_attachment import DeleteAttachment, DeleteFile
from intake.usecases.sweep_attachments import ABANDONED_AFTER, SweepAttachments
from tests.intake.world import World, a_complaint

CONTENT = b"%PDF-1.7 evidence"
ACTOR = Actor.parse("person:anna.berg")
LIMITS = Limits(1_000, 10, frozenset({"application/pdf"}))


class KilledError(BaseException):
    """The process is gone."""


class Kill:
    """Ends the process before or after a step, once; afterwards it does nothing any more."""

    def __init__(self, step: str) -> None:
        self._when, _, self._step = step.partition(" ")
        self.dead = False

    def before(self, step: str) -> None:
        if self.dead or (self._when == "before" and self._step == step):
            self.dead = True
            raise KilledError

    def after(self, step: str) -> None:
        if self._when == "after" and self._step == step:
            self.dead = True
            raise KilledError


class KilledStorage(FolderStorage):
    def __init__(self, folder: Path, kill: Kill) -> None:
        super().__init__(folder)
        self._kill = kill

    @override
    async def write(self, file_id: UUID, chunks: AsyncIterator[bytes]) -> None:
        self._kill.before("write")
        await super().write(file_id, chunks)
        self._kill.after("write")

    @override
    async def delete(self, file_id: UUID) -> None:
        self._kill.before("delete")
        await super().delete(file_id)
        self._kill.after("delete")


class KilledFiles(PostgresFiles):
    def __init__(self, world: World, kill: Kill) -> None:
        super().__init__(world.engine)
        self._kill = kill

    @override
    async def reserve(self, file_id: UUID, reference: str, *, within: str | None, now: datetime) -> None:
        await super().reserve(file_id, reference, within=within, now=now)
        self._kill.after("reserve")

    @override
    async def give_up(self, file_id: UUID) -> bool:
        self._kill.before("give_up")
        return await super().give_up(file_id)

    @override
    async def removed(self, file_id: UUID, *, now: datetime) -> None:
        self._kill.before("removed")
        await super().removed(file_id, now=now)


class Lost(BaseException):
    pass


async def _once(content: bytes = CONTENT) -> AsyncIterator[bytes]:
    yield content


async def _complaint(world: World) -> str:
    answer = await world.client("crm").post("/v1/complaints", json=a_complaint())
    return str(answer.json()["id"])


def _kept(folder: Path) -> set[str]:
    return {place.name for place in folder.rglob("*") if place.is_file()}


async def _sweep(world: World, folder: Path) -> None:
    world.clock.move(seconds=ABANDONED_AFTER.total_seconds() + 1)
    await RunSweep(SweepAttachments(PostgresFiles(world.engine), FolderStorage(folder), world.clock)).once()


async def _agree(world: World, folder: Path) -> int:
    """See that records and contents are the same ones; tells how many."""
    rows = await world.rows("SELECT id, state, removed_at FROM attached_file")
    assert {row.state for row in rows} <= {"stored", "deleted"}
    assert all(row.removed_at is not None for row in rows if row.state == "deleted")
    assert {str(row.id) for row in rows if row.state == "stored"} == _kept(folder)
    return len(_kept(folder))


def _attaching(world: World, folder: Path, kill: Kill) -> AttachFile:
    return AttachFile(
        world.intake.start_work, KilledFiles(world, kill), KilledStorage(folder, kill), LIMITS, world.clock
    )


UPLOAD = "evidence.pdf", "application/pdf"


@pytest.mark.parametrize("step", ["after reserve", "before write", "after write"])
async def test_an_upload_killed_at_any_step_leaves_nothing_once_it_was_swept(
    world: World, tmp_path: Path, step: str
) -> None:
    folder, kill = tmp_path / "attachments", Kill(step)
    complaint = await _complaint(world)

    with pytest.raises(KilledError):
        await _attaching(world, folder, kill)(Attach(complaint, ACTOR), Upload(*UPLOAD, _once()))

    assert await world.count("attached_file") == 1, "a kill leaves a trace of what was begun"
    await _sweep(world, folder)
    assert (await _agree(world, folder), await world.count("attached_file")) == (0, 0)
    assert await world.count("complaint_history") == 1


async def test_a_commit_whose_answer_was_lost_keeps_its_content(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "attachments"
    complaint = await _complaint(world)
    attach = _attaching(world, folder, Kill("never"))
    settle = AttachFile._settle

    async def lost(*given: Any) -> Any:
        await settle(*given)
        raise ConnectionResetError

    monkeypatch.setattr(AttachFile, "_settle", lost)
    with pytest.raises(ConnectionResetError):
        await attach(Attach(complaint, ACTOR), Upload(*UPLOAD, _once()))

    assert await _agree(world, folder) == 1
    await _sweep(world, folder)
    assert await _agree(world, folder) == 1


async def test_a_client_that_goes_away_leaves_nothing_at_once(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "attachments"

    async def breaking() -> AsyncIterator[bytes]:
        yield CONTENT
        raise Lost

    with pytest.raises(Lost):
        await _attaching(world, folder, Kill("never"))(
            Attach(await _complaint(world), ACTOR), Upload(*UPLOAD, breaking())
        )

    assert (await _agree(world, folder), await world.count("attached_file")) == (0, 0)


async def test_the_sweep_leaves_an_upload_that_is_under_way(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "attachments"
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield CONTENT
        begun.set()
        await go_on.wait()

    upload = asyncio.create_task(
        _attaching(world, folder, Kill("never"))(
            Attach(await _complaint(world), ACTOR), Upload(*UPLOAD, slow())
        )
    )
    await asyncio.wait_for(begun.wait(), 20)
    world.clock.move(seconds=attach_file.LONGEST_UPLOAD_SECONDS)
    await SweepAttachments(PostgresFiles(world.engine), FolderStorage(folder), world.clock)()
    go_on.set()

    await asyncio.wait_for(upload, 20)
    assert await _agree(world, folder) == 1


@pytest.mark.parametrize("ended", [False, True], ids=["given up", "swept"])
async def test_an_upload_that_was_swept_away_becomes_no_attachment(
    world: World, tmp_path: Path, *, ended: bool
) -> None:
    folder = tmp_path / "attachments"

    async def slow() -> AsyncIterator[bytes]:
        yield CONTENT
        reserved = (await world.rows("SELECT id FROM attached_file"))[0].id
        assert await PostgresFiles(world.engine).give_up(reserved)
        if ended:
            await _sweep(world, folder)

    with pytest.raises(UploadGivenUp):
        await _attaching(world, folder, Kill("never"))(
            Attach(await _complaint(world), ACTOR), Upload(*UPLOAD, slow())
        )

    await _sweep(world, folder)
    assert (await _agree(world, folder), await world.count("complaint_history")) == (0, 1)


async def test_an_upload_that_goes_on_for_too_long_is_given_up(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "attachments"
    monkeypatch.setattr(attach_file, "LONGEST_UPLOAD_SECONDS", 0.2)

    async def endless() -> AsyncIterator[bytes]:
        yield CONTENT
        await asyncio.Event().wait()

    with pytest.raises(UploadGivenUp):
        await _attaching(world, folder, Kill("never"))(
            Attach(await _complaint(world), ACTOR), Upload(*UPLOAD, endless())
        )

    assert (await _agree(world, folder), await world.count("attached_file")) == (0, 0)


@pytest.mark.parametrize("step", ["before delete", "after delete", "before removed"])
async def test_a_deletion_killed_at_any_step_is_ended_by_the_sweep(
    world: World, tmp_path: Path, step: str
) -> None:
    folder, kill = tmp_path / "attachments", Kill(step)
    complaint = await _complaint(world)
    done = await _attaching(world, folder, Kill("never"))(Attach(complaint, ACTOR), Upload(*UPLOAD, _once()))
    delete = DeleteAttachment(
        world.intake.start_work, KilledFiles(world, kill), KilledStorage(folder, kill), world.clock
    )

    with pytest.raises(KilledError):
        await delete(DeleteFile(complaint, done.file.id, "wrong customer", ACTOR))

    swept = SWEPT.labels("deleted")._value.get()
    await _sweep(world, folder)
    assert SWEPT.labels("deleted")._value.get() == swept + 1
    assert (await _agree(world, folder), await world.count("attached_file")) == (0, 1)


async def test_a_store_that_is_away_lets_the_sweep_try_again_later(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "attachments"
    complaint = await _complaint(world)
    with pytest.raises(KilledError):
        await _attaching(world, folder, Kill("after write"))(
            Attach(complaint, ACTOR), Upload(*UPLOAD, _once())
        )
    world.clock.move(seconds=ABANDONED_AFTER.total_seconds() + 1)
    files = PostgresFiles(world.engine)
    (tmp_path / "file").write_bytes(b"no folder")
    failed = FAILED._value.get()

    await RunSweep(SweepAttachments(files, FolderStorage(tmp_path / "file"), world.clock)).once()

    assert (FAILED._value.get(), len(_kept(folder))) == (failed + 1, 1)
    await RunSweep(SweepAttachments(files, FolderStorage(folder), world.clock)).once()
    assert (await _agree(world, folder), await world.count("attached_file")) == (0, 0)
