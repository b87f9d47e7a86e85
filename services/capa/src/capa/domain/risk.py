"""How great the risk of a case is, by a table that the organisation keeps, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from capa.domain.errors import RiskInvalid
from capa.domain.severity import Severity
from capa.domain.signals.watch import Window
from common.refusals import FieldError
from worktime.calendar import Calendar
from worktime.durations import Duration

RATINGS: Final = range(1, 11)
"""The scale of the action-priority table's three ratings."""


class Recurrence(StrEnum):
    """How often it happened, as far as is known when it is asked."""

    FIRST = "first"
    REPEATED = "repeated"
    FREQUENT = "frequent"


class Level(StrEnum):
    """How great a risk is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Clock(StrEnum):
    """The clocks of a case.

    `complete` runs from acceptance until the plan is carried out and verified, `screen` while a request waits for its
    screening, or a closed case for somebody who decides whether its trouble came back.
    """

    SCREEN = "screen"
    CONTAIN = "contain"
    INVESTIGATE = "investigate"
    APPROVE = "approve"
    VERIFY = "verify"
    REVIEW = "review"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Ratings:
    """Severity, occurrence and detection as FMEA teams rate them, each from 1 to 10."""

    severity: int
    occurrence: int
    detection: int


@dataclass(frozen=True, slots=True)
class Risk:
    """The level that a table gave, from what, and by which version of the policy."""

    level: Level
    severity: Severity
    recurrence: Recurrence
    ratings: Ratings | None
    table: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class PriorityRow:
    """One line of the action-priority table: the ranges of the three ratings, both ends included, and the level."""

    severity: tuple[int, int]
    occurrence: tuple[int, int]
    detection: tuple[int, int]
    level: Level

    def covers(self, ratings: Ratings) -> bool:
        """Tell whether the line speaks of these ratings."""
        return all(
            low <= value <= high
            for value, (low, high) in (
                (ratings.severity, self.severity),
                (ratings.occurrence, self.occurrence),
                (ratings.detection, self.detection),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """How long and by what it is watched whether the trouble of a closed case comes back.

    Complaints are watched for `watch` after the closing; what recurs within `reopen` opens the case itself again, what
    recurs later is for a successor. The test of the plan is taken after each whole `every`; where it cannot be taken, as
    many complaints as one of the `windows` says are a recurrence.
    """

    watch: timedelta
    reopen: timedelta
    every: timedelta
    windows: tuple[Window, ...]

    @property
    def looks(self) -> int:
        """How often the test is taken at most: they share its level of significance."""
        return self.watch // self.every


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePolicy:
    """One version of what the organisation says about cases.

    `terms` has, for each level of risk, how long each clock may run; `screen` is how long a request, or the recurrence of a
    closed case, may wait for its screening. `management` are the levels whose plans and closings management signs. `screening_owner` and
    `screening_team` look at requests and at recurrences, which are not watched for where `recurrence` is None.
    """

    version: str
    calendar: Calendar
    matrix: Mapping[Severity, Mapping[Recurrence, Level]]
    priorities: tuple[PriorityRow, ...]
    screen: Duration
    terms: Mapping[Level, Mapping[Clock, Duration]]
    management: frozenset[Level]
    screening_owner: str | None
    screening_team: str | None
    recurrence: RecurrenceRule | None = None

    def assess(self, severity: Severity, recurrence: Recurrence, ratings: Ratings | None) -> Risk:
        """Find the risk: by the action-priority table where ratings are given, else by severity and recurrence.

        Raises RiskInvalid for ratings where the policy has no such table.
        """
        if ratings is None:
            level = self.matrix[severity][recurrence]
            return Risk(level, severity, recurrence, None, "severity_recurrence", self.version)
        row = next((each for each in self.priorities if each.covers(ratings)), None)
        if row is None:
            raise RiskInvalid(
                "The policy of cases has no action-priority table for these ratings.",
                FieldError("/ratings", "ratings_unknown", "No line covers them.", "leave the ratings out"),
            )
        return Risk(row.level, severity, recurrence, ratings, "action_priority", self.version)

    def term(self, clock: Clock, risk: Risk | None) -> Duration | None:
        """Give how long a clock may run; None where the policy sets no limit."""
        if clock is Clock.SCREEN:
            return self.screen
        return None if risk is None else self.terms[risk.level].get(clock)
