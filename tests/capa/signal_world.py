"""Complaints that come steadily and then too often, and what watches them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from capa.db.ledger import PostgresLedger
from capa.db.signal_records import PostgresSignalRecords
from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.domain.signals.periods import Length
from capa.domain.signals.signal import Signal
from capa.domain.signals.watch import Chart, SignalPolicy, Watch, Window
from capa.usecases.clear_signal import ClearSignal
from capa.usecases.confirm_signal import ConfirmSignal
from capa.usecases.dismiss_signal import DismissSignal
from capa.usecases.evaluate_signals import EvaluateSignals
from capa.usecases.signal_reading import SignalFilter
from capa.usecases.step import Target
from quality.rules import Rule
from tests.capa.world import ANNA, World, a_complaint

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday in March: February is the last month that is over."""


def month(back: int, day: int = 1) -> datetime:
    """A day of the month that lies so many months before March 2026."""
    index = 2026 * 12 + 2 - back
    return datetime(index // 12, index % 12 + 1, day, 12, tzinfo=UTC)


def a_watch(**changes: object) -> Watch:
    watch = Watch(
        name="category",
        product="*",
        category="*",
        by_category=True,
        period=Length.MONTH,
        chart=Chart.AUTO,
        baseline=20,
        rules=(Rule.BEYOND, Rule.RUN, Rule.ZEROS),
        exposure=None,
        windows=(),
    )
    return replace(watch, **changes)  # type: ignore[arg-type]


def a_policy(*watches: Watch) -> SignalPolicy:
    return SignalPolicy(
        version="t-1",
        zone=UTC_ZONE,
        fresh=timedelta(days=45),
        settle=timedelta(0),
        monitored=12,
        watches=watches or (a_watch(),),
    )


A_WINDOW = Window(3, timedelta(days=7), Severity.CRITICAL)


def in_month(back: int, number: int, **changes: object) -> list[Complaint]:
    """Complaints spread over a month, minor ones, which raise nothing by themselves."""
    start = month(back)
    return [
        a_complaint(
            received_at=start + timedelta(hours=600 * nth / max(number, 1)),
            **{"severity": Severity.MINOR} | changes,  # type: ignore[arg-type]
        )
        for nth in range(number)
    ]


def steady(
    counts: Sequence[int] = (9, 11, 10, 8, 12), *, months: int = 26, until: int = 2
) -> list[Complaint]:
    """Complaints of so many months before the one `until` months back, by turns so many."""
    return [
        each for back in range(months, until - 1, -1) for each in in_month(back, counts[back % len(counts)])
    ]


async def take(world: World, complaints: Sequence[Complaint]) -> None:
    for start in range(0, len(complaints), 400):
        await world.triage_together(complaints[start : start + 400])
    await world.run("DELETE FROM outbox")


def evaluate(world: World, policy: SignalPolicy | None = None) -> EvaluateSignals:
    chosen = policy or a_policy()
    return EvaluateSignals(world.start_work, world.clock, chosen, PostgresLedger(world.engine))


async def raised(world: World, policy: SignalPolicy | None = None) -> list[Signal]:
    """The signals that one evaluation raises."""
    return list(await evaluate(world, policy)() or ())


async def on_record(world: World) -> list[Signal]:
    page = await PostgresSignalRecords(world.engine).signals(SignalFilter(), None, 100)
    return list(page.items)


async def confirm(world: World, signal: Signal, reason: str = "") -> Signal:
    use = ConfirmSignal(
        world.start_work, world.clock, world.policy, world.announcer, world.core.answer_recurrence
    )
    return await use(Target(signal.id, None), reason=reason, cause=ANNA)


async def dismiss(world: World, signal: Signal, reason: str = "one customer") -> Signal:
    use = DismissSignal(world.start_work, world.clock, world.core.answer_recurrence)
    return await use(Target(signal.id, None), reason=reason, cause=ANNA)


async def clear(
    world: World, signal: Signal, *, new_phase_from: date | None = None, policy: SignalPolicy | None = None
) -> Signal:
    use = ClearSignal(world.start_work, world.clock, policy or a_policy())
    return await use(Target(signal.id, None), reason="over", new_phase_from=new_phase_from, cause=ANNA)
