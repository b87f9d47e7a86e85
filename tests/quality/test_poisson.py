"""Two Poisson counts compared exactly, against published figures."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quality.poisson import lower_tail, rate_interval, ratio_interval, upper_tail, zero_bound
from quality.refusals import FiguresInvalid


def test_the_interval_of_a_ratio_is_that_of_r() -> None:
    # R's poisson.test(c(10, 2), c(20000, 17887)) prints: rate ratio 4.47175, 95 percent interval 0.9529548 41.9743814.
    low, high = ratio_interval(before=2, exposure_before=17_887, after=10, exposure_after=20_000)
    assert (low, high) == pytest.approx((0.9529548, 41.9743814), abs=5e-7)


def test_the_two_sided_p_value_is_that_of_r_where_its_tails_are_added() -> None:
    # The same call prints p-value = 0.0421, the binomial's minimum-likelihood method over both tails.
    share, both = 20_000 / 37_887, 12
    here = stats.binom.pmf(10, both, share)
    left = max(k for k in range(6) if stats.binom.pmf(k, both, share) <= here)
    upper = upper_tail(before=2, exposure_before=17_887, after=10, exposure_after=20_000)
    lower = lower_tail(before=both - left, exposure_before=17_887, after=left, exposure_after=20_000)
    assert upper + lower == pytest.approx(0.0421, abs=5e-5)


def test_the_interval_of_one_rate_is_the_published_one() -> None:
    # Ulm, Am. J. Epidemiology 131 (1990), and every table of exact Poisson limits: 5 events, 1.6235 and 11.6683.
    assert rate_interval(5, 1) == pytest.approx((1.6235, 11.6683), abs=5e-5)


def test_no_event_at_all_bounds_the_rate_by_the_rule_of_three() -> None:
    assert zero_bound(100) * 100 == pytest.approx(2.9957, abs=5e-5)
    assert rate_interval(0, 1, 0.9)[1] == pytest.approx(zero_bound(1))


@given(
    before=st.integers(0, 500),
    after=st.integers(0, 500),
    exposure=st.floats(1e-3, 1e9),
    later=st.floats(1e-3, 1e9),
)
def test_the_tails_are_those_of_the_binomial_distribution_and_meet(
    before: int, after: int, exposure: float, later: float
) -> None:
    share = later / (exposure + later)
    lower = lower_tail(before=before, exposure_before=exposure, after=after, exposure_after=later)
    upper = upper_tail(before=before, exposure_before=exposure, after=after, exposure_after=later)
    assert lower == pytest.approx(stats.binom.cdf(after, before + after, share), rel=1e-9, abs=1e-300)
    here = stats.binom.pmf(after, before + after, share)
    assert lower + upper == pytest.approx(1 + here, rel=1e-9)


@given(before=st.integers(1, 200), after=st.integers(1, 200), later=st.floats(0.01, 100))
def test_at_the_bounds_of_the_interval_each_tail_has_its_half(before: int, after: int, later: float) -> None:
    low, high = ratio_interval(before=before, exposure_before=1, after=after, exposure_after=later)
    assert high is not None
    assert upper_tail(
        before=before, exposure_before=1, after=after, exposure_after=later, ratio=low
    ) == pytest.approx(0.025, rel=1e-6)
    assert lower_tail(
        before=before, exposure_before=1, after=after, exposure_after=later, ratio=high
    ) == pytest.approx(0.025, rel=1e-6)


def test_a_tiny_probability_is_not_rounded_to_nothing() -> None:
    # 200 complaints in 1e5 units, then none: (1/2)^200.
    tail = lower_tail(before=200, exposure_before=1e5, after=0, exposure_after=1e5)
    assert math.log2(tail) == pytest.approx(-200)


@pytest.mark.parametrize("exposure", [0.0, -1.0, math.nan, math.inf])
def test_an_exposure_that_is_no_number_of_units_is_refused(exposure: float) -> None:
    with pytest.raises(FiguresInvalid, match="exposure"):
        zero_bound(exposure)
