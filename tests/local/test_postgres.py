import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from local import processes
from local.postgres import PostgresError, Server


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's tmp_path: that one is long, and closed to the account that the server runs under for root.
    with tempfile.TemporaryDirectory(prefix="redress-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    server = Server(folder / "postgres", durable=False)
    try:
        yield server
    finally:
        server.remove()


def kill(server: Server) -> None:
    """End the server as a power cut would, and wait until the operating system has buried it."""
    pid = server.pid
    assert pid is not None
    running = processes.find(pid)
    assert running is not None
    os.kill(pid, signal.SIGKILL)
    assert processes.gone(running, within=10)


def test_the_first_start_makes_the_data_and_a_second_one_finds_the_server_running(server: Server) -> None:
    assert server.start() is True
    first = server.pid

    assert server.start() is False

    assert server.pid == first


def test_what_was_written_is_there_after_a_restart(server: Server) -> None:
    server.start()
    server.create_database("kept")
    server.execute("CREATE TABLE fact AS SELECT 42 AS answer", database="kept")

    server.stop()
    assert not server.is_running()
    server.start()

    assert server.execute("SELECT answer FROM fact", database="kept") == "42"


def test_a_killed_server_starts_again_with_its_committed_data(folder: Path) -> None:
    server = Server(folder / "postgres")
    try:
        server.start()
        server.execute("CREATE TABLE fact AS SELECT 42 AS answer")
        kill(server)
        assert not server.is_running()

        assert server.start() is True

        assert server.execute("SELECT answer FROM fact") == "42"
    finally:
        server.remove()


def test_the_lock_of_a_crash_whose_process_id_now_belongs_to_another_process_is_cleared(
    server: Server,
) -> None:
    server.start()
    lock = server.folder / "postmaster.pid"
    _, *rest = lock.read_text().splitlines()
    server.stop()
    owner = server.folder.stat()
    account = (owner.st_uid, owner.st_gid) if os.geteuid() == 0 else (None, None)
    stranger = subprocess.Popen(["/bin/sleep", "120"], user=account[0], group=account[1], cwd="/")
    try:
        lock.write_text("\n".join([str(stranger.pid), *rest]) + "\n")
        os.chown(lock, owner.st_uid, owner.st_gid)

        assert not server.is_running()
        assert server.start() is True

        assert stranger.poll() is None
        assert server.pid != stranger.pid
    finally:
        stranger.kill()
        stranger.wait()


def test_a_lock_that_was_cut_short_is_cleared(server: Server) -> None:
    server.start()
    server.stop()
    (server.folder / "postmaster.pid").write_text("")

    assert server.start() is True


def test_the_server_outlives_a_killed_starter_and_the_next_one_takes_it_over(server: Server) -> None:
    starter = (
        "import os, signal, sys; from pathlib import Path; from local.postgres import Server\n"
        "Server(Path(sys.argv[1]), durable=False).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", starter, str(server.folder)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL

    assert server.start() is False

    assert server.execute("SELECT 1") == "1"


async def test_two_that_start_at_the_same_time_share_one_server(folder: Path) -> None:
    both = [Server(folder / "postgres", durable=False) for _ in range(2)]
    try:
        fresh = await asyncio.gather(*(asyncio.to_thread(server.start) for server in both))

        assert sorted(fresh) == [False, True]
        assert both[0].pid == both[1].pid
    finally:
        both[0].remove()


@pytest.mark.parametrize("name", ["postgres", "long" * 30, "it's a folder, ünïcode"])
async def test_its_url_serves_whatever_the_folder_is_called(folder: Path, name: str) -> None:
    server = Server(folder / name, durable=False)
    try:
        server.start()
        server.create_database("one")

        connection = await asyncpg.connect(server.url("one"))

        assert await connection.fetchval("SELECT current_database()") == "one"
        await connection.close()
    finally:
        server.remove()


def test_it_starts_below_a_folder_that_is_closed_to_other_accounts(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    server = Server(private / "postgres", durable=False)
    try:
        server.start()

        assert server.execute("SELECT 1") == "1"
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    finally:
        server.remove()


def test_nobody_else_may_look_into_the_data_or_come_in_by_network(server: Server) -> None:
    server.start()

    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    assert not server.execute("SHOW listen_addresses")


def test_a_database_is_made_once(server: Server) -> None:
    server.start()

    assert server.create_database('it\'s "one"') is True
    assert server.create_database('it\'s "one"') is False


def test_a_folder_with_other_things_in_it_is_left_alone(folder: Path) -> None:
    (folder / "letter.txt").write_text("keep me")

    with pytest.raises(PostgresError, match="is not empty"):
        Server(folder).start()

    assert (folder / "letter.txt").read_text() == "keep me"


def test_data_of_another_major_version_is_refused_by_name(server: Server) -> None:
    server.folder.mkdir()
    (server.folder / "PG_VERSION").write_text("16\n")

    with pytest.raises(PostgresError, match="made by PostgreSQL 16"):
        server.start()


def test_a_failed_start_shows_the_end_of_the_server_log(server: Server) -> None:
    server.start()
    server.stop()
    (server.folder / "global" / "pg_control").unlink()

    with pytest.raises(PostgresError, match="pg_control"):
        server.start()
