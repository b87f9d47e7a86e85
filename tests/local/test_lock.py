import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.lock import HeldError, held, holder


def test_a_second_holder_is_told_who_holds_it(tmp_path: Path) -> None:
    with held(tmp_path / "lock"), pytest.raises(HeldError) as refused, held(tmp_path / "lock"):
        pass

    assert refused.value.holder is not None
    assert refused.value.holder.pid == os.getpid()


def test_it_can_be_held_again_once_it_was_let_go(tmp_path: Path) -> None:
    with held(tmp_path / "lock") as crashed:
        assert not crashed

    with held(tmp_path / "lock") as crashed:
        assert not crashed


def test_the_lock_of_a_killed_holder_is_free_and_says_that_it_was_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from local.lock import held\n"
        "with held(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    lock = tmp_path / "lock"
    killed = subprocess.run([sys.executable, "-c", code, str(lock)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL

    assert holder(lock) is None
    with held(lock) as crashed:
        assert crashed


def test_asking_for_the_holder_does_not_disturb(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert holder(lock) is None

    with held(lock):
        found = holder(lock)

    assert found is not None
    assert found.pid == os.getpid()
    assert holder(lock) is None


def test_a_failure_while_it_is_held_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="on purpose"), held(tmp_path / "lock"):
        raise ValueError("on purpose")

    with held(tmp_path / "lock") as crashed:
        assert not crashed
