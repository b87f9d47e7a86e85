"""Shares with the interval that they may lie in."""

import math
from dataclasses import dataclass

from quality.refusals import refuse, require_count, require_share


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`; the share and its interval are None where the whole is empty."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None


def share(part: int, whole: int, confidence: float = 0.95) -> Share:
    """Give a share with Wilson's score interval (Journal of the American Statistical Association 22, 1927)."""
    from scipy import special

    require_count("part", part)
    require_share("confidence", confidence)
    if part > whole:
        raise refuse("part", f"is {part} of {whole}", "count each thing of the part in the whole")
    if whole == 0:
        return Share(part, whole, None, None, None)
    z = -float(special.ndtri((1 - confidence) / 2))
    scale = 1 + z * z / whole
    middle = (part / whole + z * z / (2 * whole)) / scale
    reach = z * math.sqrt(part * (whole - part) / whole + z * z / 4) / whole / scale
    low = 0.0 if part == 0 else max(0.0, middle - reach)
    high = 1.0 if part == whole else min(1.0, middle + reach)
    return Share(part, whole, part / whole, low, high)
