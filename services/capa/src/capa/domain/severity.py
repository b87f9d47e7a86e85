"""How bad the consequence of something is."""

from enum import StrEnum


class Severity(StrEnum):
    """From a nuisance to a danger; `rank` rises with it."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place in the order, 0 the mildest."""
        return _ORDER.index(self)


_ORDER = (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)


def worse(one: Severity, other: Severity) -> Severity:
    """Tell the graver of two."""
    return max(one, other, key=lambda severity: severity.rank)
