"""Charts what is watched from the ledger, and raises a signal where something gets worse."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from capa.domain.signals.charting import (
    Counted,
    Frozen,
    Series,
    exposure_in,
    freeze_baseline,
    plot,
    trends,
)
from capa.domain.signals.evidence import Came, of_trend, of_windows
from capa.domain.signals.periods import before, period_of, periods
from capa.domain.signals.signal import Episode, Signal
from capa.domain.signals.watch import Chart, SignalPolicy, Watch
from capa.usecases.evaluate_recurrences import EvaluateRecurrences
from capa.usecases.ports import StartWork
from capa.usecases.raise_signal import raise_signal
from capa.usecases.signal_ports import Ledger, Place, Stratum, Tally
from common.clock import Clock
from quality.rare import RareLimits


@dataclass(frozen=True, slots=True)
class EvaluateSignals:
    """Looks at every watch, and at the cases that are closed. All is counted anew from the ledger each time, so that a replay changes nothing.

    What is read and computed stands outside of any transaction; each chart's limits and signals are written in one.
    """

    start_work: StartWork
    clock: Clock
    policy: SignalPolicy
    ledger: Ledger
    recurrences: EvaluateRecurrences | None = None

    async def __call__(
        self, *, every: timedelta = timedelta(0), between: Callable[[], None] = lambda: None
    ) -> Sequence[Signal] | None:
        """Give the signals raised; None where it was done less than `every` ago. `between` is told of each watch done."""
        now = self.clock()
        async with self.start_work() as work:
            if not await work.signals.take_turn(now, every):
                return None
        found: list[Signal] = []
        for watch in self.policy.watches:
            found += await self._watch(watch, now)
            between()
        if self.recurrences is not None:
            found += await self.recurrences(now, between)
        return found

    async def _watch(self, watch: Watch, now: datetime) -> list[Signal]:
        drawn = await Drawing.of(self.ledger, self.policy, watch, now)
        episodes = [each async for each in _trends(self.ledger, self.policy, watch, drawn, now)]
        episodes += await _windows(self.ledger, self.policy, watch, now)
        for place, frozen in drawn.newly_frozen.items():
            async with self.start_work() as work:
                await work.signals.freeze(place, frozen)
        return [signal for each in episodes if (signal := await self._raise(each, now)) is not None]

    async def _raise(self, episode: Episode, now: datetime) -> Signal | None:
        async with self.start_work() as work:
            return await raise_signal(work, episode, self.policy.version, now)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The series of a watch, and the limits that each is charted on."""

    series: Mapping[Place, Series]
    frozen: Mapping[Place, Frozen]
    newly_frozen: Mapping[Place, Frozen]
    strata: Mapping[Place, Sequence[Stratum]]

    @classmethod
    async def of(cls, ledger: Ledger, policy: SignalPolicy, watch: Watch, now: datetime) -> "Drawing":
        """Read what a watch needs, and freeze what may be frozen; nothing is written."""
        known, phases = await ledger.frozen(), await ledger.phases()
        horizon = before(now, watch.baseline + policy.monitored, watch.period, policy.zone)
        mine = {place: each for place, each in known.items() if place[0] == watch.name}
        since = min([horizon, *(frozen.baseline_from for each in mine.values() for frozen in each)])
        until = period_of(now, watch.period, policy.zone).begins_at
        tallies = await ledger.tallies(since, until, watch.period, str(policy.zone), per_site=watch.per_site)
        grouped = _grouped(watch, tallies)
        strata = {place: sorted({each.stratum for each in group}) for place, group in grouped.items()}
        units = (
            await ledger.exposures(watch.exposure, since.date(), per_site=watch.per_site)
            if watch.exposure
            else {}
        )
        known_limits, starts = {}, {}
        for place, group in grouped.items():
            phase, phase_begins = phases.get(place, (1, horizon))
            known_limits[place] = limits = next(
                (
                    each
                    for each in mine.get(place, ())
                    if (each.phase, each.definition) == (phase, watch.definition)
                ),
                None,
            )
            starts[place] = (
                limits.baseline_from if limits else max(phase_begins, min(each.begins_at for each in group))
            )
        times = await _times(
            ledger,
            {place: strata[place] for place in grouped if _needs_times(watch, known_limits[place])},
            starts,
            until,
        )
        series, frozen, new = {}, {}, {}
        for place, group in grouped.items():
            counted = _counted(
                watch, policy, group, (starts[place], until), units.get((place[1], place[3]), {})
            )
            series[place] = Series(counted, times.get(place, []), policy.zone)
            limits = known_limits[place]
            if limits is None:
                phase, _ = phases.get(place, (1, horizon))
                limits = _frozen(watch, policy, series[place], group, phase=phase, now=now)
                if limits is not None:
                    new[place] = limits
            if limits is not None:
                frozen[place] = limits
        return cls(series, frozen, new, strata)


def _needs_times(watch: Watch, limits: Frozen | None) -> bool:
    if limits is not None:
        return isinstance(limits.limits, RareLimits)
    return watch.chart in {Chart.AUTO, Chart.G, Chart.T}


def _grouped(watch: Watch, tallies: Sequence[Tally]) -> dict[Place, list[Tally]]:
    grouped: dict[Place, list[Tally]] = defaultdict(list)
    for tally in tallies:
        product, category, site = tally.stratum
        if watch.takes(product, category):
            grouped[watch.name, product, watch.category_of(category), site].append(tally)
    return grouped


def _counted(
    watch: Watch,
    policy: SignalPolicy,
    group: Sequence[Tally],
    span: tuple[datetime, datetime],
    units: Mapping[tuple[date, date], float],
) -> list[Counted]:
    numbers: dict[datetime, int] = defaultdict(int)
    for tally in group:
        numbers[tally.begins_at.astimezone(UTC)] += tally.count
    return [
        Counted(each, numbers.get(each.begins_at, 0), exposure_in(each, units) if units else None)
        for each in periods(*span, watch.period, policy.zone)
    ]


async def _times(
    ledger: Ledger,
    strata: Mapping[Place, Sequence[Stratum]],
    starts: Mapping[Place, datetime],
    until: datetime,
) -> dict[Place, list[datetime]]:
    """Read when the complaints of these places came, all in one question."""
    if not strata:
        return {}
    since = min(starts[place] for place in strata)
    came = await ledger.came([stratum for group in strata.values() for stratum in group], since, until)
    return {
        place: sorted(
            each.at for stratum in group for each in came.get(stratum, ()) if starts[place] <= each.at < until
        )
        for place, group in strata.items()
    }


def _frozen(
    watch: Watch, policy: SignalPolicy, series: Series, group: Sequence[Tally], *, phase: int, now: datetime
) -> Frozen | None:
    baseline = series.periods[: watch.baseline]
    if len(baseline) < watch.baseline:
        return None
    begins, ends = baseline[0].period.begins_at, baseline[-1].period.ends_at
    added = [each.last_added_at for each in group if begins <= each.begins_at < ends]
    if added and max(added) > now - policy.settle:
        return None
    made = freeze_baseline(watch, series)
    if made is None:
        return None
    limits, exposed = made
    return Frozen(phase, watch.definition, begins, ends, now, policy.version, exposed, limits)


async def _trends(
    ledger: Ledger, policy: SignalPolicy, watch: Watch, drawn: Drawing, now: datetime
) -> AsyncIterator[Episode]:
    for place, frozen in drawn.frozen.items():
        plotted = plot(frozen, drawn.series[place])
        for trend in trends(watch, frozen, plotted):
            first, last = trend.points[0], trend.points[-1]
            if last.ends_at < now - policy.fresh:
                continue
            came = await ledger.came(drawn.strata[place], first.begins_at, last.ends_at)
            yield of_trend(watch, place[1:], trend, frozen, plotted=plotted, came=_merged(came))


async def _windows(ledger: Ledger, policy: SignalPolicy, watch: Watch, now: datetime) -> list[Episode]:
    if not watch.windows:
        return []
    since = now - policy.fresh - max(window.within for window in watch.windows)
    charted: dict[Stratum, list[Stratum]] = defaultdict(list)
    for product, category, site in await ledger.strata(since, per_site=watch.per_site):
        if watch.takes(product, category):
            charted[product, watch.category_of(category), site].append((product, category, site))
    came = await ledger.came([each for strata in charted.values() for each in strata], since, now)
    return [
        episode
        for stratum, strata in charted.items()
        for window in watch.windows
        for episode in of_windows(
            watch.name, stratum, window, _merged({each: came.get(each, ()) for each in strata})
        )
        if episode.last_at >= now - policy.fresh
    ]


def _merged(came: Mapping[Stratum, Sequence[Came]]) -> list[Came]:
    return sorted((each for group in came.values() for each in group), key=lambda each: each.at)
