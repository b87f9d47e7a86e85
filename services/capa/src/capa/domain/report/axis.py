"""Marks of an axis: at round values, each with its number."""

import math

from capa.domain.report.figure import LINE, Label


def step_of(most: float, marks: int) -> float:
    """Find a round step between the marks of an axis: 1, 2 or 5 of a power of ten, for at most so many of them."""
    power: float = 10.0 ** math.floor(math.log10(most / marks))
    return next(power * each for each in (1, 2, 5, 10) if power * each * marks >= most)


def caption(text: str, x: float, y: float, width: float) -> Label:
    """Write a line in the middle of a place."""
    return Label(x=x, y=y, width=width, height=LINE, lines=(text,), style="none", align="middle")
