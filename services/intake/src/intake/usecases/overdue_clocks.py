"""How many clocks of complaints are overdue now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from intake.domain.clocks.rule import Kind


class CountOverdueClocks(Protocol):
    """Counts clocks that run although their due instant has passed."""

    async def __call__(self, now: datetime) -> Mapping[Kind, int]:
        """Count by kind; a kind without any may be left out."""
        ...
