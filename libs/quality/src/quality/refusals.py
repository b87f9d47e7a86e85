"""What the statistics refuse."""

from typing import ClassVar

from common.refusals import FieldError, Unacceptable


class FiguresInvalid(Unacceptable):
    """A figure is not one that the statistic is defined for."""

    code: ClassVar[str] = "figures_invalid"


def refuse(pointer: str, detail: str, fix: str) -> FiguresInvalid:
    """Make the refusal of one figure."""
    return FiguresInvalid(f"{pointer} {detail}: {fix}", FieldError(pointer, FiguresInvalid.code, detail, fix))


def require_count(pointer: str, value: int) -> None:
    """Refuse a count below 0."""
    if value < 0:
        raise refuse(pointer, f"is {value}, and a count is never negative", "give 0 or more")


def require_exposure(pointer: str, value: float, *, zero: bool = False) -> None:
    """Refuse an exposure that is not a number above 0, or at least 0 where `zero` is allowed."""
    if not (0 < value < float("inf") or (zero and value == 0)):
        raise refuse(pointer, f"is {value}, and an exposure is a number of units", "give a number above 0")


def require_share(pointer: str, value: float) -> None:
    """Refuse what does not lie between 0 and 1, both excluded."""
    if not 0 < value < 1:
        raise refuse(pointer, f"is {value}, and must lie between 0 and 1", "give one such as 0.05")
