"""How long to wait before the next try."""

import random


def delay(attempt: int, *, first: float, longest: float, jitter: float = 0.2) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): doubling from `first`, at most `longest`.

    `jitter` spreads the result by that share to both sides, so that many waiters do not come back as one.
    """
    base: float = min(longest, first * 2 ** min(attempt - 1, 30))
    return base * random.uniform(1 - jitter, 1 + jitter)  # noqa: S311  (spreading load needs no secrecy)
