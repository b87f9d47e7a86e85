import os
from pathlib import Path

import pytest

from benchmarks.load.ledger import Ledger, read_ledger


async def test_what_was_noted_is_on_disk_when_the_run_ends(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    async with ledger.writing():
        ledger.note("begun", run="load-1", at="2026-11-27T22:00:00+00:00")
        for complaint in range(3):
            ledger.note("sent", n=complaint, complaint=complaint, writes=True)
        ledger.note("sent", n=3, complaint=9, writes=False)
        ledger.note("answered", n=0, complaint=0, status=201, id="a")
        ledger.note("answered", n=1, complaint=1, status=503)
        ledger.note("ended")
    told = read_ledger(tmp_path / "ledger")
    assert (told.begun["run"], told.accepted, told.uncertain, told.ended) == (
        "load-1",
        {0: {"a"}},
        {1, 2},
        True,
    )


async def test_every_write_is_followed_by_an_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, synced = tmp_path / "ledger", list[int]()
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    ledger = Ledger(file)
    async with ledger.writing():
        ledger.note("begun", run="load-1")
    assert synced[-1] == file.stat().st_size > 0


async def test_half_a_line_of_a_killed_run_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    file.write_bytes(
        b'{"event":"begun","run":"load-1"}\n{"event":"sent","complaint":4,"writes":true}\n{"event":"answ'
    )
    told = read_ledger(file)
    assert (told.uncertain, told.ended) == ({4}, False)


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b'{"event":"sent","complaint":4,"writes":true}\n')
    with pytest.raises(ValueError, match="no ledger"):
        read_ledger(tmp_path / "other")
