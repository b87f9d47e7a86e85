"""Decides from counts whether an action was effective, was not, or cannot be judged yet."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from quality.poisson import lower_tail, ratio_interval, upper_tail, zero_bound
from quality.refusals import refuse, require_count, require_exposure, require_share
from quality.words import number, percent, rate_text

_LARGEST_ALPHA: Final = 0.5


class Result(StrEnum):
    """What the data say about an action."""

    EFFECTIVE = "effective"
    INEFFECTIVE = "ineffective"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be shown, fixed before the work.

    `baseline` complaints came from `baseline_exposure` units of exposure; the rate must fall by `reduction`, a share
    between 0 and 1, and a fall counts as shown where chance alone would do as much with a probability of at most `alpha`.
    """

    baseline: int
    baseline_exposure: float
    reduction: float = 0.5
    alpha: float = 0.05

    def __post_init__(self) -> None:
        require_count("baseline", self.baseline)
        require_exposure("baseline_exposure", self.baseline_exposure)
        require_share("reduction", self.reduction)
        require_share("alpha", self.alpha)
        if self.alpha >= _LARGEST_ALPHA:
            raise refuse("alpha", f"is {self.alpha}, and chance would show anything", "give one such as 0.05")

    @property
    def baseline_rate(self) -> float:
        """Complaints for each unit of exposure before the action."""
        return self.baseline / self.baseline_exposure

    @property
    def least_exposure(self) -> float | None:
        """The exposure that a window needs before even no complaint at all could show a fall; None without a baseline.

        The greater of two: where the conditional test reaches alpha with a count of 0, (E0/(E0+E1))^x0 = alpha, and where
        the bound of a count of 0 comes down to the baseline's rate, -ln(alpha)/E1 = x0/E0.
        """
        if self.baseline == 0:
            return None
        by_test = self.baseline_exposure * math.expm1(-math.log(self.alpha) / self.baseline)
        return max(by_test, zero_bound(1, 1 - self.alpha) / self.baseline_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What came in the window: `count` complaints from `exposure` units.

    `same_cause` are those among them, of severity major or worse, that have the same verified cause.
    """

    count: int
    exposure: float
    same_cause: int = 0

    def __post_init__(self) -> None:
        require_count("count", self.count)
        require_exposure("exposure", self.exposure, zero=True)
        require_count("same_cause", self.same_cause)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the explanation: a stable code, a sentence for a person, and the numbers in it."""

    code: str
    text: str
    values: Mapping[str, float | int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effectiveness:
    """The decision, its numbers, and how it came about; a number is None where it is not defined.

    `reason` is the code of the step that decided. `p_value` is the probability of so few complaints or fewer without any
    change; `refuting` that of so many or more if the rate had fallen as promised. `ratio` is the rate afterwards over that
    before, with its exact interval at confidence 1 - 2 alpha. `zero_bound` bounds the rate where none came.
    """

    result: Result
    reason: str
    rate_before: float
    rate_after: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p_value: float | None
    refuting: float | None
    zero_bound: float | None
    least_exposure: float | None
    steps: tuple[Step, ...]


def decide(plan: Plan, observed: Observed) -> Effectiveness:
    """Decide by the plan what was observed shows.

    Ineffective: a grave complaint with the same verified cause came back; or the rate is too high for the promised
    reduction, by the exact test at alpha; or it did not fall at all, in a window that could have shown a fall.
    Effective: the rate fell by the reduction or more, and the exact test shows a fall at alpha. Else inconclusive, and so is
    a window in which even no complaint at all would have shown nothing.
    """
    steps = [_counted(plan, observed)]
    numbers = _numbers(plan, observed, steps)
    result, last = _judge(plan, observed, numbers)
    return Effectiveness(
        result=result,
        reason=last.code,
        rate_before=plan.baseline_rate,
        rate_after=observed.count / observed.exposure if observed.exposure else None,
        ratio=numbers.ratio,
        ratio_low=numbers.low,
        ratio_high=numbers.high,
        p_value=numbers.p_value,
        refuting=numbers.refuting,
        zero_bound=numbers.bound,
        least_exposure=plan.least_exposure,
        steps=(*steps, last),
    )


def _counted(plan: Plan, observed: Observed) -> Step:
    after = f" ({rate_text(observed.count / observed.exposure)})" if observed.exposure else ""
    return Step(
        "counted",
        f"Before the action {plan.baseline} complaints came from {number(plan.baseline_exposure)} units "
        f"({rate_text(plan.baseline_rate)}); in the window {observed.count} from {number(observed.exposure)}{after}.",
        {
            "baseline": plan.baseline,
            "baseline_exposure": plan.baseline_exposure,
            "count": observed.count,
            "exposure": observed.exposure,
        },
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    refuting: float | None = None
    bound: float | None = None


def _numbers(plan: Plan, observed: Observed, steps: list[Step]) -> _Numbers:
    if not observed.exposure:
        return _Numbers()
    bound = zero_bound(observed.exposure, 1 - plan.alpha) if observed.count == 0 else None
    if bound is not None:
        steps.append(
            Step(
                "zero_bound",
                f"No complaint in {number(observed.exposure)} units bounds the rate at {rate_text(bound)} "
                f"with confidence {percent(1 - plan.alpha)}.",
                {"bound": bound, "confidence": 1 - plan.alpha},
            )
        )
    if not plan.baseline:
        return _Numbers(bound=bound)
    p_value = lower_tail(
        before=plan.baseline,
        exposure_before=plan.baseline_exposure,
        after=observed.count,
        exposure_after=observed.exposure,
    )
    refuting = upper_tail(
        before=plan.baseline,
        exposure_before=plan.baseline_exposure,
        after=observed.count,
        exposure_after=observed.exposure,
        ratio=1 - plan.reduction,
    )
    low, high = ratio_interval(
        before=plan.baseline,
        exposure_before=plan.baseline_exposure,
        after=observed.count,
        exposure_after=observed.exposure,
        confidence=1 - 2 * plan.alpha,
    )
    ratio = observed.count / observed.exposure / plan.baseline_rate
    steps += [
        Step(
            "ratio",
            f"The rate is {number(ratio)} times that before; {number(1 - plan.reduction)} or less was to be reached.",
            {"ratio": ratio, "low": low, "high": high, "wanted": 1 - plan.reduction},
        ),
        Step(
            "exact_test",
            f"Without any change, so few complaints or fewer would come with probability {number(p_value)}; "
            f"at most {number(plan.alpha)} counts as shown.",
            {"p_value": p_value, "alpha": plan.alpha},
        ),
    ]
    return _Numbers(ratio, low, high, p_value, refuting, bound)


def _judge(plan: Plan, observed: Observed, numbers: _Numbers) -> tuple[Result, Step]:
    if observed.same_cause:
        return Result.INEFFECTIVE, Step(
            "same_cause_recurred",
            f"{observed.same_cause} complaint(s) of severity major or worse have the cause that was to be removed.",
            {"same_cause": observed.same_cause},
        )
    if not plan.baseline:
        return Result.INCONCLUSIVE, Step(
            "baseline_empty", "There was no complaint before the action, so that no fall can be shown."
        )
    least = plan.least_exposure or 0.0
    if numbers.ratio is None or numbers.p_value is None or numbers.refuting is None:
        return Result.INCONCLUSIVE, Step(
            "no_exposure",
            f"No exposure of the window is on record; at least {number(least)} units are needed.",
            {"least_exposure": least},
        )
    if numbers.refuting <= plan.alpha:
        return Result.INEFFECTIVE, Step(
            "reduction_refuted",
            f"If the rate had fallen by {percent(plan.reduction)}, so many complaints or more would come with probability "
            f"{number(numbers.refuting)} only.",
            {"refuting": numbers.refuting, "alpha": plan.alpha},
        )
    if observed.exposure < least:
        return Result.INCONCLUSIVE, Step(
            "window_too_short",
            f"The window had {number(observed.exposure)} units; even without any complaint, a fall could only be shown "
            f"from {number(least)} units on.",
            {"exposure": observed.exposure, "least_exposure": least},
        )
    return _judge_by_ratio(plan, numbers.ratio, numbers.p_value)


def _judge_by_ratio(plan: Plan, ratio: float, p_value: float) -> tuple[Result, Step]:
    values: dict[str, float | int | None] = {"ratio": ratio, "p_value": p_value}
    if ratio <= 1 - plan.reduction and p_value <= plan.alpha:
        text = f"The rate fell by {percent(1 - ratio)}, and chance alone does not explain it."
        return Result.EFFECTIVE, Step("reduction_shown", text, values)
    if ratio >= 1:
        return Result.INEFFECTIVE, Step(
            "no_fall", "The rate did not fall, in a window that was long enough to show a fall.", values
        )
    if p_value > plan.alpha:
        return Result.INCONCLUSIVE, Step(
            "chance_not_excluded", "The rate fell, but chance alone may have done it.", values
        )
    text = f"The rate fell, but by {percent(1 - ratio)} instead of {percent(plan.reduction)}; a full fall is not refuted."
    return Result.INCONCLUSIVE, Step("reduction_not_reached", text, values)
