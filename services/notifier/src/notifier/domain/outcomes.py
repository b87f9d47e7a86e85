"""What a channel says about one attempt."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took the message."""


@dataclass(frozen=True, slots=True)
class TryLater:
    """It failed in a way that may pass; `maybe_delivered` where the other side may have taken it all the same."""

    reason: str
    after: timedelta | None = None
    maybe_delivered: bool = False


@dataclass(frozen=True, slots=True)
class GaveUp:
    """No further try can help; `disable` where the other side wants no message any more."""

    reason: str
    disable: bool = False


Outcome = Sent | TryLater | GaveUp
