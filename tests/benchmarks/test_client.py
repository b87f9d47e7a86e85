import itertools
import time

from benchmarks.client import Run, requests
from benchmarks.tables import percentile

TASK = {"path": "/v1/complaints", "key": "k", "body": '{"external_id": "größe-%d"}', "first": 5}


def test_a_percentile_is_the_value_that_so_many_do_not_pass() -> None:
    values = list(range(200, 0, -1))
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [100, 198, 200]


def test_one_value_is_every_percentile_and_no_value_is_none() -> None:
    assert [percentile([7.0], 0.5), percentile([7.0], 0.99), percentile([], 0.5)] == [7.0, 7.0, 0.0]


def test_every_request_has_a_number_of_its_own_and_its_length_in_bytes() -> None:
    sent = [request.partition(b"\r\n\r\n") for request in itertools.islice(requests(TASK), 2)]
    assert [body.decode() for _, _, body in sent] == [
        '{"external_id": "größe-5"}',
        '{"external_id": "größe-6"}',
    ]
    assert all(f"Content-Length: {len(body)}".encode() in head for head, _, body in sent)


def test_only_a_task_that_asks_for_it_sends_an_idempotency_key() -> None:
    with_key = next(requests({**TASK, "idempotency": True}))
    assert (b"Idempotency-Key: bench-5" in with_key, b"Idempotency-Key" in next(requests(TASK))) == (
        True,
        False,
    )


def test_without_a_rate_nothing_waits_for_its_turn() -> None:
    assert [Run(TASK).pause() for _ in range(3)] == [0.0, 0.0, 0.0]


def test_with_a_rate_the_turns_lie_evenly_behind_one_another() -> None:
    run = Run({**TASK, "per_second": 0.1})
    began = time.perf_counter()
    turns = [run.pause() + time.perf_counter() - began for _ in range(3)]
    # The turns are 10 s apart; what the machine takes between two readings of the clock is far less than the rest.
    assert [round(turn, -1) for turn in turns] == [10, 20, 30]
