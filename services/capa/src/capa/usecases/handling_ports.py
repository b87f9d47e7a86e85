"""What keeping and reading how complaints and cases are handled needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from capa.domain.handling import HandlingFact
from capa.usecases.indicators import Products, Sites
from quality.cases import CaseLife
from quality.handling import Life
from quality.indicators import Span


@dataclass(frozen=True, slots=True)
class Sent:
    """When somebody was first told of an action at a level of the escalation, and when the action was done."""

    level: str
    sent_at: datetime
    done_at: datetime | None


class Handling(Protocol):
    """What is told of the handling of complaints, for indicators alone: nothing here is decided by it."""

    async def keep(self, facts: Sequence[HandlingFact]) -> None:
        """Keep facts, in whatever order and however often they are told, also of complaints that are not known yet."""
        ...


class HandlingRecords(Protocol):
    """Reads what became of complaints, cases and notices, without locking it."""

    async def lives(self, span: Span, products: Products, sites: Sites = None) -> Sequence[Life]:
        """Read complaints that could matter to a span, each with all that happened to it."""
        ...

    async def cases(self, span: Span, products: Products, sites: Sites = None) -> Sequence[CaseLife]:
        """Read the cases requested before the end of a span, each with all that happened to it."""
        ...

    async def sent(self, span: Span, products: Products, sites: Sites = None) -> Sequence[Sent]:
        """Read when somebody was first told at each level of actions that could matter to a span."""
        ...
