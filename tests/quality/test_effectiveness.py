"""Whether an action was effective, decided from counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.effectiveness import Effectiveness, Observed, Plan, Result, decide
from quality.refusals import FiguresInvalid


def the_plan(baseline: int = 20, exposure: float = 100_000, reduction: float = 0.5) -> Plan:
    return Plan(baseline=baseline, baseline_exposure=exposure, reduction=reduction)


def outcome(plan: Plan, count: int, exposure: float, same_cause: int = 0) -> tuple[Result, str]:
    decided = decide(plan, Observed(count=count, exposure=exposure, same_cause=same_cause))
    return decided.result, decided.reason


def code_of(decided: Effectiveness) -> list[str]:
    return [step.code for step in decided.steps]


@pytest.mark.parametrize(
    ("count", "exposure", "same_cause", "expected"),
    [
        (5, 100_000, 0, (Result.EFFECTIVE, "reduction_shown")),
        (0, 100_000, 0, (Result.EFFECTIVE, "reduction_shown")),
        (5, 100_000, 1, (Result.INEFFECTIVE, "same_cause_recurred")),
        (20, 100_000, 0, (Result.INEFFECTIVE, "reduction_refuted")),
        (12, 100_000, 0, (Result.INCONCLUSIVE, "chance_not_excluded")),
        (9, 60_000, 0, (Result.INCONCLUSIVE, "chance_not_excluded")),
        (0, 10_000, 0, (Result.INCONCLUSIVE, "window_too_short")),
        (0, 0, 0, (Result.INCONCLUSIVE, "no_exposure")),
        (900, 5_000_000, 0, (Result.INEFFECTIVE, "reduction_refuted")),
    ],
)
def test_twenty_in_a_hundred_thousand_are_to_be_halved(
    count: int, exposure: float, same_cause: int, expected: tuple[Result, str]
) -> None:
    assert outcome(the_plan(), count, exposure, same_cause) == expected


def test_a_fall_that_is_shown_but_smaller_than_promised_is_no_success() -> None:
    plan = the_plan(baseline=400, reduction=0.3)
    assert outcome(plan, 290, 100_000) == (Result.INCONCLUSIVE, "reduction_not_reached")


def test_no_fall_in_a_window_that_was_long_enough_is_ineffective() -> None:
    assert outcome(the_plan(baseline=5), 5, 100_000) == (Result.INEFFECTIVE, "no_fall")


def test_without_complaints_before_nothing_can_be_shown() -> None:
    assert outcome(the_plan(baseline=0), 0, 1e9) == (Result.INCONCLUSIVE, "baseline_empty")
    assert the_plan(baseline=0).least_exposure is None


def test_a_window_below_the_bound_of_zero_recurrences_is_too_short() -> None:
    # 3 in 1000: the conditional test needs 1000 * (20^(1/3) - 1) = 1714 units, the rule of three 999.
    plan = Plan(baseline=3, baseline_exposure=1_000)
    assert plan.least_exposure == pytest.approx(1_714.4, abs=0.05)
    assert outcome(plan, 0, 1_714)[1] == "window_too_short"
    assert outcome(plan, 0, 1_715)[1] == "reduction_shown"
    # With many before, the bound of zero is what is left: -ln(0.05) / rate.
    assert the_plan(baseline=1_000_000).least_exposure == pytest.approx(0.29957, abs=5e-5)


def test_the_explanation_says_each_number_that_the_decision_rests_on() -> None:
    decided = decide(the_plan(), Observed(count=5, exposure=100_000))
    assert code_of(decided) == ["counted", "ratio", "exact_test", "reduction_shown"]
    # Given 25 together and equal exposures, P(X <= 5) of Binomial(25, 1/2) = 68406 / 2^25.
    assert decided.p_value == pytest.approx(68_406 / 2**25)
    assert decided.ratio == pytest.approx(0.25)
    assert decided.steps[0].text == (
        "Before the action 20 complaints came from 100000 units (200 per million); in the window 5 from 100000 (50 per million)."
    )
    assert decided.steps[2].values == {"p_value": decided.p_value, "alpha": 0.05}


def test_a_window_without_complaints_tells_the_bound_of_its_rate() -> None:
    decided = decide(the_plan(), Observed(count=0, exposure=100_000))
    assert decided.zero_bound == pytest.approx(2.9957e-5, abs=5e-10)
    assert "zero_bound" in code_of(decided)


@given(
    baseline=st.integers(0, 300),
    count=st.integers(0, 300),
    exposure=st.floats(1, 1e7),
    later=st.floats(0, 1e7),
    reduction=st.floats(0.05, 0.95),
)
def test_effective_means_reduced_as_promised_and_shown_and_nothing_grave_came_back(
    baseline: int, count: int, exposure: float, later: float, reduction: float
) -> None:
    plan = Plan(baseline=baseline, baseline_exposure=exposure, reduction=reduction)
    decided = decide(plan, Observed(count=count, exposure=later))
    reduced = decided.ratio is not None and decided.ratio <= 1 - reduction
    shown = decided.p_value is not None and decided.p_value <= 0.05
    long_enough = plan.least_exposure is not None and later >= plan.least_exposure
    assert (decided.result is Result.EFFECTIVE) == (reduced and shown and long_enough)
    assert decided.reason == decided.steps[-1].code


@given(baseline=st.integers(1, 200), count=st.integers(0, 200), later=st.floats(0.01, 10))
def test_one_complaint_more_never_makes_it_better(baseline: int, count: int, later: float) -> None:
    order = [Result.INEFFECTIVE, Result.INCONCLUSIVE, Result.EFFECTIVE]
    plan = Plan(baseline=baseline, baseline_exposure=1)
    fewer, more = (outcome(plan, each, later)[0] for each in (count, count + 1))
    assert order.index(more) <= order.index(fewer)


def test_where_nothing_changed_effective_comes_at_most_with_probability_alpha() -> None:
    draw = np.random.default_rng(8)
    before, after = draw.poisson(20, 4_000), draw.poisson(30, 4_000)
    pairs = {(int(x), int(y)) for x, y in zip(before, after, strict=True)}
    results = {
        (x, y): outcome(Plan(baseline=x, baseline_exposure=2e5, reduction=0.01), y, 3e5)[0] for x, y in pairs
    }
    wrong = sum(results[int(x), int(y)] is Result.EFFECTIVE for x, y in zip(before, after, strict=True))
    assert wrong / 4_000 <= 0.05 + 3 * (0.05 * 0.95 / 4_000) ** 0.5


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_an_alpha_that_decides_nothing_is_refused(alpha: float) -> None:
    with pytest.raises(FiguresInvalid, match="alpha"):
        Plan(baseline=1, baseline_exposure=1, alpha=alpha)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(FiguresInvalid, match="count"):
        Observed(count=-1, exposure=1)
