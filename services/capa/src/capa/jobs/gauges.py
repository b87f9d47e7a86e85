"""Keeps the gauges of what is open, so that no scrape waits for the database."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import Gauge

from capa.domain.action import KINDS
from capa.domain.case.case import FINAL, State
from capa.domain.groups import Groups
from capa.domain.severity import Severity
from capa.usecases.figures import AGE_CLASSES, ReadFigures
from common.clock import Clock
from events.worker_metrics import SAME_IN_ALL, WORKER

_PRODUCTS: Final = "by the first product pattern of the triage policy's assignments that matches, else other"

NONCONFORMITIES: Final = Gauge(
    "nonconformities_open",
    f"Nonconformities that are open, by severity and {_PRODUCTS}. {SAME_IN_ALL}",
    ["severity", "product"],
    registry=WORKER.registry,
)
NONCONFORMITY_AGES: Final = Gauge(
    "nonconformities_open_by_age",
    f"Nonconformities that are open, by how long ago they were raised, class by class. {SAME_IN_ALL}",
    ["severity", "age"],
    registry=WORKER.registry,
)
OLDEST_NONCONFORMITY: Final = Gauge(
    "nonconformity_oldest_open_age_seconds",
    f"How long ago the oldest open nonconformity was raised; 0 without one. {SAME_IN_ALL}",
    registry=WORKER.registry,
)
ACTIONS: Final = Gauge(
    "actions_open",
    "Actions that are open, by kind, by whether their due instant has passed, and by team: those that the triage policy's "
    f"assignments name, none, and other. {SAME_IN_ALL}",
    ["kind", "overdue", "team"],
    registry=WORKER.registry,
)
SIGNALS: Final = Gauge(
    "signals_open",
    f"Trend signals that are raised, and wait for somebody to look, or confirmed and not yet cleared. {SAME_IN_ALL}",
    ["state"],
    registry=WORKER.registry,
)
_LATCHED: Final = ("raised", "confirmed")
CASES: Final = Gauge(
    "cases_open",
    f"Corrective-action cases that are not ended, by state and by whether a clock of them has run out. {SAME_IN_ALL}",
    ["state", "overdue"],
    registry=WORKER.registry,
)


@dataclass(frozen=True, slots=True)
class OpenGauges:
    """Shows what is open at the clock's time."""

    read: ReadFigures
    groups: Groups
    clock: Clock

    def prepare(self) -> None:
        """Put every label set at 0."""
        for severity in Severity:
            for product in self.groups.products:
                NONCONFORMITIES.labels(severity.value, product)
            for age, _ in AGE_CLASSES:
                NONCONFORMITY_AGES.labels(severity.value, age)
        for state in _LATCHED:
            SIGNALS.labels(state)
        for state in sorted(set(State) - FINAL):
            for overdue in (True, False):
                CASES.labels(state.value, _word(overdue))
        for kind in KINDS:
            for overdue in (True, False):
                for team in self.groups.teams:
                    ACTIONS.labels(kind, _word(overdue), team)

    async def __call__(self) -> None:
        """Count once."""
        now = self.clock()
        figures = await self.read(now)
        by_product: Counter[tuple[str, ...]] = Counter()
        by_age: Counter[tuple[str, ...]] = Counter()
        actions: Counter[tuple[str, ...]] = Counter()
        for each in figures.nonconformities:
            by_product[each.severity, self.groups.of_product(each.product)] += each.number
            by_age[each.severity, each.age] += each.number
        for every in figures.actions:
            actions[every.kind, _word(every.overdue), self.groups.of_team(every.team)] += every.number
        _show(NONCONFORMITIES, by_product)
        _show(NONCONFORMITY_AGES, by_age)
        _show(ACTIONS, actions)
        for state in _LATCHED:
            SIGNALS.labels(state).set(figures.signals.get(state, 0))
        _show(CASES, {(each.state, _word(each.overdue)): each.number for each in figures.cases})
        OLDEST_NONCONFORMITY.set(_age(figures.oldest_raised_at, now))


def _show(gauge: Gauge, numbers: Mapping[tuple[str, ...], int]) -> None:
    # What is not counted any more is back at 0, and every label set was known before.
    shown = {tuple(sample.labels.values()) for metric in gauge.collect() for sample in metric.samples}
    for labels in shown | set(numbers):
        gauge.labels(*labels).set(numbers.get(labels, 0))


def _word(overdue: bool) -> str:  # noqa: FBT001  (it is what is put into words)
    return "true" if overdue else "false"


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
