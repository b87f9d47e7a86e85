"""The chart of a check of the effect: the rate before and in the window with exact intervals, and what was aimed at."""

from dataclasses import dataclass
from typing import Final

from capa.domain.case.values import EffectPlan, Review
from capa.domain.report.axis import caption, step_of
from capa.domain.report.figure import LINE, WIDTH, Bar, Dot, Figure, Label, Shape, Stroke, wrapped
from quality.poisson import rate_interval
from quality.words import number

CONFIDENCE: Final = 0.95
"""The confidence of the intervals that are drawn: exact ones of a Poisson rate."""

_LEFT: Final = 190.0
_RIGHT: Final = WIDTH - 30.0
_ROW: Final = 58.0
_TOP: Final = 36.0
_BAR: Final = 22.0
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Rate:
    """Events for each unit of exposure, with the interval that the true rate lies in; `value` None without exposure."""

    events: int
    exposure: float
    value: float | None
    low: float
    high: float

    @property
    def said(self) -> str:
        """The rate in words."""
        if self.value is None:
            return "no exposure"
        return f"{number(self.value)} ({number(self.low)} to {number(self.high)})"


def rate(events: int, exposure: float) -> Rate:
    """Find a rate and its interval."""
    if exposure <= 0:
        return Rate(events, exposure, None, 0.0, 0.0)
    low, high = rate_interval(events, exposure, CONFIDENCE)
    return Rate(events, exposure, events / exposure, low, high)


def target(plan: EffectPlan) -> float:
    """Give the rate that was to be reached: the baseline's, less the reduction aimed at."""
    return plan.baseline_events / plan.baseline_exposure * (1 - plan.reduction)


def planned_chart(plan: EffectPlan) -> Figure:
    """Draw the rate before the work and the target, while nothing was judged yet."""
    before = rate(plan.baseline_events, plan.baseline_exposure)
    return _chart(plan.metric, plan.exposure_unit, before, None, target(plan))


def judged_chart(review: Review, plan: EffectPlan | None) -> Figure:
    """Draw the rate before the work beside that in the window, as a check compared them.

    Without the plan of its round, which a later one may have replaced, neither the target nor the names are known.
    """
    before = rate(review.baseline_events, review.baseline_exposure)
    after = rate(review.events, review.exposure)
    if plan is None:
        return _chart("events", "exposure", before, after, None)
    return _chart(plan.metric, plan.exposure_unit, before, after, target(plan))


def _chart(metric: str, unit: str, before: Rate, after: Rate | None, wanted: float | None) -> Figure:
    # An interval may reach far beyond what matters; it is drawn up to the edge, and the words have its end.
    shown = max(before.value or 0.0, 0.0 if after is None else after.value or 0.0)
    ends = max(before.high, 0.0 if after is None else after.high)
    top = max(min(ends, 3 * shown) if shown else ends, shown, wanted or 0.0) * 1.08 or 1.0
    shapes: list[Shape] = [
        *_row("Before the work", before, _TOP, top, strong=False),
        *_row("In the window", after, _TOP + _ROW, top, strong=True),
    ]
    bottom = _TOP + 2 * _ROW
    shapes += _axis(f"{metric} for each of {unit}", bottom, top)
    if wanted is not None:
        at = _x(wanted, top)
        words = f"Target: {number(wanted)}"
        shapes.append(Stroke(points=((at, _TOP - 8.0), (at, bottom)), dashed=True, heavy=True))
        shapes.append(caption(words, min(max(at - 75.0, _LEFT), _RIGHT - 150.0), _TOP - 8.0 - LINE, 150.0))
    return Figure(
        height=bottom + 44.0,
        title="Effect: rate before the work and in the window",
        description=_described(f"{metric} for each of {unit}", before, after, wanted),
        shapes=tuple(shapes),
    )


def _row(name: str, value: Rate | None, top: float, most: float, *, strong: bool) -> list[Shape]:
    said = "not counted yet" if value is None else f"{value.events} in {number(value.exposure)}"
    lines = (name, *wrapped(said, _LEFT - 20.0, 2)[0])
    shapes: list[Shape] = [
        Label(
            x=2.0,
            y=top + (_ROW - len(lines) * LINE) / 2,
            width=_LEFT - 12.0,
            height=len(lines) * LINE,
            lines=lines,
            style="none",
        )
    ]
    if value is None or value.value is None:
        return shapes
    middle = top + _ROW / 2
    low, high = _x(value.low, most), _x(value.high, most)
    shapes += [
        Bar(
            x=_LEFT,
            y=middle - _BAR / 2,
            width=_x(value.value, most) - _LEFT,
            height=_BAR,
            strong=strong,
        ),
        Stroke(points=((low, middle), (high, middle))),
        Stroke(points=((low, middle - 6.0), (low, middle + 6.0))),
        Dot(x=_x(value.value, most), y=middle),
    ]
    if value.high <= most:
        shapes.append(Stroke(points=((high, middle - 6.0), (high, middle + 6.0))))
    return shapes


def _axis(words: str, bottom: float, most: float) -> list[Shape]:
    shapes: list[Shape] = [
        Stroke(points=((_LEFT, bottom), (_RIGHT, bottom))),
        Stroke(points=((_LEFT, _TOP), (_LEFT, bottom))),
    ]
    step = step_of(most, _TICKS)
    for nth in range(int(most / step) + 1):
        value = nth * step
        at = _x(value, most)
        shapes.append(Stroke(points=((at, bottom), (at, bottom + 5.0))))
        shapes.append(caption(number(value), at - 48.0, bottom + 6.0, 96.0))
    unit = wrapped(words, _RIGHT - _LEFT, 1)[0]
    shapes.append(caption(unit[0], _LEFT, bottom + 6.0 + LINE + 4.0, _RIGHT - _LEFT))
    return shapes


def _x(value: float, most: float) -> float:
    return _LEFT + min(1.0, value / most) * (_RIGHT - _LEFT)


def _described(what: str, before: Rate, after: Rate | None, wanted: float | None) -> str:
    later = "in the window nothing was counted yet" if after is None else f"in the window {after.said}"
    aim = "" if wanted is None else f" target {number(wanted)};"
    return f"{what}: before the work {before.said}; {later};{aim} intervals are of 95 %."
