import subprocess
import sys
import time
from uuid import UUID

from common.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    assert {(new_id().version, new_id().variant) for _ in range(50)} == {(7, "specified in RFC 4122")}


def test_an_id_carries_the_time_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    stamp = new_id().int >> 80
    assert before <= stamp <= time.time_ns() // 1_000_000


_FORKING = """
import os
from common.ids import new_id
new_id()
if os.fork():
    os.wait()
print(*(new_id() for _ in range(100)), flush=True)
"""


def test_a_child_process_makes_other_ids_than_its_parent() -> None:
    # In a process of its own, since one with threads should not fork.
    told = subprocess.run(
        [sys.executable, "-c", _FORKING], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len({UUID(text).bytes[8:] for text in told}) == 200


def test_ids_do_not_repeat() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
