"""Closed lists that contracts share.

Each has UNKNOWN, which a reader gets for a word that a newer producer has and it has not; a producer never says it.
"""

from enum import StrEnum
from typing import Any

from typing_extensions import override


class Word(StrEnum):
    """A closed list that tolerates words from the future."""

    @classmethod
    @override
    def _missing_(cls, value: object) -> Any:
        return cls("unknown") if isinstance(value, str) and value != "unknown" else None


class Severity(Word):
    """How bad the consequence is."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class TriageOutcome(Word):
    """What became of a complaint in triage."""

    RAISED = "raised"
    LINKED = "linked"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class ActionKind(Word):
    """What an action is for."""

    CONTAINMENT = "containment"
    CORRECTION = "correction"
    CORRECTIVE = "corrective"
    PREVENTIVE = "preventive"
    IMPROVEMENT = "improvement"
    UNKNOWN = "unknown"


class Punctuality(Word):
    """Whether a deadline was met by its due instant."""

    EARLY = "early"
    LATE = "late"
    UNKNOWN = "unknown"


class Reportability(Word):
    """Whether an authority must be told of a complaint."""

    YES = "yes"
    NO = "no"
    UNDETERMINED = "undetermined"
    UNKNOWN = "unknown"


class Validity(Word):
    """Whether a complaint is justified."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"
    UNDETERMINED = "undetermined"
    UNKNOWN = "unknown"


class Level(Word):
    """How much there is of a criterion."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"


class Waiting(Word):
    """Whether an update began or ended the waiting for the complainant."""

    UNCHANGED = "unchanged"
    BEGAN = "began"
    ENDED = "ended"
    UNKNOWN = "unknown"


class ClosureGround(Word):
    """What allowed a complaint to be closed."""

    ACCEPTED = "accepted"
    ATTEMPTS = "attempts"
    PERIOD_OVER = "period_over"
    UNKNOWN = "unknown"


class SignalVerdict(Word):
    """What somebody found who looked at a signal."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    UNKNOWN = "unknown"


class EffectivenessResult(Word):
    """Whether what was done stopped what had happened."""

    EFFECTIVE = "effective"
    INEFFECTIVE = "ineffective"
    INCONCLUSIVE = "inconclusive"
    UNKNOWN = "unknown"
