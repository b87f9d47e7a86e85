import time

from common.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    assert {(new_id().version, new_id().variant) for _ in range(50)} == {(7, "specified in RFC 4122")}


def test_an_id_carries_the_time_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    stamp = new_id().int >> 80
    assert before <= stamp <= time.time_ns() // 1_000_000


def test_ids_do_not_repeat() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
