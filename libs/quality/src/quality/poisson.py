"""Two counts with their exposures, compared exactly: counts are Poisson, and the comparison is given their sum."""

import math

from quality.refusals import require_count, require_exposure, require_share


def lower_tail(
    *, before: int, exposure_before: float, after: int, exposure_after: float, ratio: float = 1
) -> float:
    """Tell how probable it is to count so few afterwards or fewer, if the rate afterwards is `ratio` times that before.

    Given the sum of both counts, the later one is binomial with the share of its expected number (Przyborowski and
    Wilenski, Homogeneity of Results in Testing Samples from Poisson Series, Biometrika 31, 1940). Exact, however small.
    """
    from scipy import special

    share = _share(exposure_before, exposure_after, ratio)
    # The binomial's distribution function by the incomplete beta function, so that nothing is lost to rounding.
    return float(special.bdtr(after, before + after, share))


def upper_tail(
    *, before: int, exposure_before: float, after: int, exposure_after: float, ratio: float = 1
) -> float:
    """Tell how probable it is to count so many afterwards or more, if the rate afterwards is `ratio` times that before."""
    from scipy import special

    if after == 0:
        return 1.0
    share = _share(exposure_before, exposure_after, ratio)
    return float(special.bdtrc(after - 1, before + after, share))


def ratio_interval(
    *, before: int, exposure_before: float, after: int, exposure_after: float, confidence: float = 0.95
) -> tuple[float, float | None]:
    """Give the exact interval of the rate afterwards over that before; None stands for no upper bound.

    The bounds of Clopper and Pearson for the binomial share, turned into odds, as R's `poisson.test` gives them.
    """
    from scipy import special

    require_share("confidence", confidence)
    tail, both = (1 - confidence) / 2, before + after
    scale = exposure_before / exposure_after
    low = 0.0 if after == 0 else float(special.betaincinv(after, both - after + 1, tail))
    lowest = low / (1 - low) * scale
    if before == 0:
        return lowest, None
    high = float(special.betaincinv(after + 1, before, 1 - tail))
    return lowest, high / (1 - high) * scale


def rate_interval(count: int, exposure: float, confidence: float = 0.95) -> tuple[float, float]:
    """Give the exact interval of a rate, events for each unit of exposure (Garwood, Biometrika 28, 1936)."""
    from scipy import special

    require_count("count", count)
    require_exposure("exposure", exposure)
    require_share("confidence", confidence)
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(special.gammaincinv(count, tail))
    return low / exposure, float(special.gammainccinv(count + 1, tail)) / exposure


def zero_bound(exposure: float, confidence: float = 0.95) -> float:
    """Give the greatest rate with which no event at all in this exposure is still to be expected.

    Solves exp(-rate * exposure) = 1 - confidence; with 95 % the numerator is 2.996, known as the rule of three (Hanley and
    Lippman-Hand, If Nothing Goes Wrong, Is Everything All Right?, JAMA 249, 1983).
    """
    require_exposure("exposure", exposure)
    require_share("confidence", confidence)
    return -math.log1p(-confidence) / exposure


def _share(exposure_before: float, exposure_after: float, ratio: float) -> float:
    expected = exposure_after * ratio
    return expected / (exposure_before + expected)
