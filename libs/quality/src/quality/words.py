"""Numbers as people read them."""

from typing import Final

_WHOLE: Final = 1e15
"""Below it a float tells whole numbers apart."""


def number(value: float) -> str:
    """Write with four significant digits, and whole numbers whole."""
    if abs(value) < _WHOLE and value == int(value):
        return f"{int(value)}"
    return f"{value:.4g}"


def percent(share: float) -> str:
    """Write a share as percent."""
    return f"{number(share * 100)} %"


def share_text(share: float) -> str:
    """Write a share as percent to the tenth, so that shares below one another can be compared."""
    return f"{share * 100:.1f} %"


def rate_text(rate: float) -> str:
    """Write a rate as complaints for each million units."""
    return f"{number(rate * 1e6)} per million"
