"""What holds complaints, as it is read."""

from typing import Protocol

from intake.domain.retention import Hold


class HoldViews(Protocol):
    """Reads holds; `within` keeps a caller to one source system."""

    async def of(self, reference: str, *, within: str | None) -> Hold | None:
        """Read the hold of a complaint; raises NoSuchComplaint."""
        ...
