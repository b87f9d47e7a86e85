import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.load.arrivals import Kind
from benchmarks.load.figures import Figures, Latency
from benchmarks.load.gauges import samples
from benchmarks.load.limits import count, numbers, rate, seconds, share
from benchmarks.load.report import tables
from benchmarks.load.scale import per_second
from benchmarks.load.steps import Limits, rates

HELD = Figures(
    run="load-1",
    began_at="2026-11-27T22:00:00+00:00",
    machine="A machine.",
    complaints="Complaints.",
    rate=50.0,
    seconds=60.0,
    sent=3_000,
    accepted=3_000,
    held=50.0,
    kinds={Kind.HAND_OVER.value: Latency(3_000, 10.0, 20.0, 30.0)},
    decided=Latency(300, 100.0, 200.0, 300.0),
    decided_of=300,
    cpu={"intake": 30.0, "load generator": 3.0},
    waiting={"outbox intake": 2.0, "lag capa": 3.0},
    drained=1.5,
)


def test_a_rate_that_keeps_every_limit_holds() -> None:
    assert Limits().broken(HELD) == []


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        ({"held": 40.0}, "held 40.0 of 50.0"),
        ({"faults": {"503": 30}}, "30 of 3000 requests failed"),
        ({"kinds": {Kind.HAND_OVER.value: Latency(3_000, 10.0, 20.0, 900.0)}}, "p99 was 900 ms"),
        ({"decided": Latency(300, 100.0, 200.0, math.inf)}, "p99 until decided was inf"),
        ({"undecided": 1_000.0}, "1,000 complaints were undecided"),
    ],
)
def test_each_limit_that_is_broken_is_said(worse: dict[str, Any], said: str) -> None:
    (reason,) = Limits().broken(replace(HELD, **worse))
    assert said in reason


def test_steps_rise_by_the_factor_and_end_with_the_last_rate() -> None:
    assert list(rates(25.0, 100.0, 2.0)) == [25.0, 50.0, 100.0]
    assert list(rates(25.0, 90.0, 2.0)) == [25.0, 50.0, 90.0]
    assert list(rates(25.0, 10.0, 2.0)) == [10.0]


def test_the_report_has_a_row_for_each_run_and_counts_cpu_without_the_generator() -> None:
    shown, _, cpu = tables([HELD, replace(HELD, rate=75.0, drained=math.inf)])
    assert [row[0] for row in shown.rows] == ["50", "75"]
    assert shown.rows[0][1:5] == ("50.0", "10", "20", "30")
    assert [row[-1] for row in shown.rows] == ["1.5", "not in time"]
    assert cpu.rows[0][-1] == "10.0"


def test_the_rate_of_decisions_leaves_out_the_first_tenth() -> None:
    began = datetime(2026, 11, 27, 22, 0, tzinfo=UTC)
    slow_start = [began, *(began + timedelta(seconds=60 + place / 10) for place in range(19))]
    assert per_second(slow_start) == pytest.approx(10.0)
    assert per_second([]) == per_second([began]) == 0.0


def test_only_the_wanted_samples_are_read_from_a_page_of_metrics() -> None:
    page = (
        "# HELP outbox_pending_messages Records.\n# TYPE outbox_pending_messages gauge\n"
        'outbox_pending_messages 4.0\npython_info{version="3"} 1.0\n'
        'consumer_lag_messages{group="capa",partition="1",topic="redress.intake"} 7.0\n'
    )
    assert list(samples(page)) == [
        ("outbox_pending_messages", {}, 4.0),
        ("consumer_lag_messages", {"group": "capa", "partition": "1", "topic": "redress.intake"}, 7.0),
    ]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (rate, "0"),
        (rate, "2001"),
        (rate, "nan"),
        (seconds, "inf"),
        (seconds, "-1"),
        (seconds, "86401"),
        (share(10), "11"),
        (count(256), "257"),
        (count(256), "0"),
        (numbers(3), "1,4"),
    ],
)
def test_nothing_without_bound_can_be_asked_for(reader: Callable[[str], object], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        reader(text)
