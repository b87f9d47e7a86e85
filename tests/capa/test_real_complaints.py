"""Signals and indicators of real complaints, as the months went by; left out where there is no file of them."""

import csv
import os
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capa.db.figure_records import PostgresFigureRecords
from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.signal_policy import read_signal_policy
from capa.usecases.indicators import By, ReadIndicators, Weigh
from common.ids import new_id
from quality.indicators import Span
from tests.capa.signal_world import UTC_ZONE, dismiss, evaluate, on_record, take
from tests.capa.world import CONFIG, World

FILE = os.environ.get("REDRESS_COMPLAINTS_CSV", "")
pytestmark = pytest.mark.skipif(not FILE, reason="REDRESS_COMPLAINTS_CSV names no file of real complaints")


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:100] or "unclassified"


def real_complaints() -> list[Complaint]:
    with Path(FILE).open(encoding="utf-8", newline="") as file:
        return [
            Complaint(
                id=new_id(),
                number=f"C-{nth}",
                version=1,
                severity=Severity.MINOR,
                product=slug(row["Product"]),
                category=slug(row["Issue"]),
                channel="web",
                received_at=datetime.fromisoformat(row["Date received"]).replace(hour=12, tzinfo=UTC),
                historical=True,
                correlation_id=new_id(),
            )
            for nth, row in enumerate(csv.DictReader(file), 1)
        ]


async def test_signals_of_real_complaints_are_few_and_each_says_why(world: World) -> None:
    complaints = real_complaints()
    await take(world, complaints)
    policy = read_signal_policy(CONFIG / "signals.toml")
    months = 0
    last = max(each.received_at for each in complaints)
    world.clock.now = max(world.clock.now, last)
    look, now = evaluate(world, policy), last - timedelta(days=3 * 365)
    # Limits are frozen by a world that knows the complaints, so that time begins when triage had taken them up.
    await world.run("UPDATE triage_decision SET decided_at = :at", at=now - timedelta(days=1))
    while now < last:
        world.clock.now = now
        await look()
        months, now = months + 1, now + timedelta(days=30)
    signals = await on_record(world)
    charts = Counter(row.kind for row in await world.run("SELECT kind FROM chart_limits"))
    by_rule = Counter(each.episode.rule for each in signals)
    print(f"{months} months, {dict(charts)} charts, signals {dict(by_rule)}")  # noqa: T201 - figures for people
    for each in signals:
        print(each.number, each.episode.explanation)  # noqa: T201 - the same
    assert sum(charts.values()) >= 10
    # A latched signal is told once: never more than one for each rule of a chart.
    assert len(signals) <= 2 * sum(charts.values())
    assert len({(each.episode.place, each.episode.rule) for each in signals}) == len(signals)
    assert all(each.episode.explanation and each.episode.evidence["points"] for each in signals)
    if signals:
        await dismiss(world, signals[0])


async def test_the_vital_few_of_real_complaints_are_ranked(world: World) -> None:
    complaints = real_complaints()
    await take(world, complaints)
    times = [each.received_at for each in complaints]
    span = Span(max(times) - timedelta(days=3_600), max(times) + timedelta(days=1))
    read = ReadIndicators(PostgresFigureRecords(world.engine), UTC_ZONE)
    table = await read.pareto(span, None, by=By.PRODUCT, weigh=Weigh.COUNT)
    counted = Counter(each.product for each in complaints if span.holds(each.received_at))
    assert {bar.name: bar.value for bar in table.bars} == dict(counted)
    print([(bar.name, bar.value, round(bar.cumulative, 3), bar.vital) for bar in table.bars])  # noqa: T201 - for people
    figures = await read(span)
    assert figures.complaints.received == sum(counted.values())
    assert figures.complaints.time_to_triage.n == 0
