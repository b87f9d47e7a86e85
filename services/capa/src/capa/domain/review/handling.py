"""The indicators of how complaints and cases are handled, and of escalation."""

from collections.abc import Mapping
from dataclasses import dataclass

from quality.cases import CaseFigures
from quality.escalation import LevelFigures
from quality.handling import HandlingFigures


@dataclass(frozen=True, slots=True)
class HandlingIndicators:
    """Those of a span: of complaints, of cases, and of each level of the escalation that somebody was told at."""

    complaints: HandlingFigures
    cases: CaseFigures
    escalation: Mapping[str, LevelFigures]
