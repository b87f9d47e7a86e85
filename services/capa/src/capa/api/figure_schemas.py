"""Shares and durations as answers tell them."""

from pydantic import BaseModel, ConfigDict, Field

from quality.durations import Durations
from quality.intervals import Share


class FigureOut(BaseModel):
    """A part of an answer with figures."""

    model_config = ConfigDict(frozen=True)


class ShareOut(FigureOut):
    """A part of a whole, with the interval of 95 % (Wilson) that its share may lie in."""

    part: int = Field(description="How many.")
    whole: int = Field(description="Out of how many.")
    value: float | None = Field(description="The share; null where the whole is empty.")
    low: float | None = Field(description="The interval's lower bound.")
    high: float | None = Field(description="The interval's upper bound.")

    @classmethod
    def of(cls, value: Share) -> "ShareOut":
        """Shape a share."""
        return cls(part=value.part, whole=value.whole, value=value.value, low=value.low, high=value.high)


class DurationsOut(FigureOut):
    """Elapsed seconds; null where there is nothing to measure."""

    n: int = Field(description="How many were measured.")
    mean: float | None = Field(description="Their mean.")
    median: float | None = Field(description="Their median.")
    p90: float | None = Field(description="The value that nine of ten do not exceed, interpolated.")

    @classmethod
    def of(cls, value: Durations) -> "DurationsOut":
        """Shape durations."""
        return cls(n=value.n, mean=value.mean, median=value.median, p90=value.p90)
