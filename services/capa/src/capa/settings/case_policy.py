"""The policy of cases: the risk matrix, the action-priority table, terms, and who signs."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from capa.domain.due import counted
from capa.domain.risk import (
    RATINGS,
    CasePolicy,
    Clock,
    Level,
    PriorityRow,
    Ratings,
    Recurrence,
    RecurrenceRule,
)
from capa.domain.severity import Severity
from capa.settings.files import DurationText, Part, calendar_in, checked
from capa.signal_policy import WindowPart
from chassis.settings import CannotStart
from common.refusals import Refusal
from events.types import Code
from worktime.calendar import Calendar
from worktime.durations import parse_duration

# Any fixed instant serves to find out whether the due times can be computed at all.
_TRIAL_START = datetime(2026, 1, 1, tzinfo=UTC)
_Rating = Annotated[int, Field(ge=RATINGS.start, lt=RATINGS.stop)]
_Range = tuple[_Rating, _Rating]


class _Screening(Part):
    owner: Code | None = None
    team: Code | None = None
    term: DurationText

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.owner is None and self.team is None:
            raise ValueError("name an owner, or at least a team")
        return self


class _Row(Part):
    first: Level
    repeated: Level
    frequent: Level

    def value(self) -> dict[Recurrence, Level]:
        return {
            Recurrence.FIRST: self.first,
            Recurrence.REPEATED: self.repeated,
            Recurrence.FREQUENT: self.frequent,
        }


class _Matrix(Part):
    minor: _Row
    major: _Row
    critical: _Row


class _Terms(Part):
    contain: DurationText | None = None
    investigate: DurationText | None = None
    approve: DurationText | None = None
    verify: DurationText | None = None
    review: DurationText | None = None
    complete: DurationText


class _AllTerms(Part):
    low: _Terms
    medium: _Terms
    high: _Terms


class _Priority(Part):
    severity: _Range
    occurrence: _Range
    detection: _Range
    level: Level

    def value(self) -> PriorityRow:
        return PriorityRow(self.severity, self.occurrence, self.detection, self.level)


class _Recurrence(Part):
    watch_days: Annotated[int, Field(ge=1, le=1_830)]
    reopen_days: Annotated[int, Field(ge=0, le=1_830)]
    look_days: Annotated[int, Field(ge=1, le=366)]
    windows: tuple[WindowPart, ...] = ()

    @model_validator(mode="after")
    def _looked_at(self) -> Self:
        if self.look_days > self.watch_days:
            raise ValueError("look_days is longer than watch_days, so that nobody would ever look")
        return self

    def value(self) -> RecurrenceRule:
        return RecurrenceRule(
            watch=timedelta(days=self.watch_days),
            reopen=timedelta(days=self.reopen_days),
            every=timedelta(days=self.look_days),
            windows=tuple(each.value() for each in self.windows),
        )


class _Policy(Part):
    version: Code
    calendar: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,50}$")] = "default"
    management: tuple[Level, ...] = ()
    screening: _Screening
    matrix: _Matrix
    terms: _AllTerms
    action_priority: tuple[_Priority, ...] = ()
    recurrence: _Recurrence | None = None

    @model_validator(mode="after")
    def _covers_all_ratings(self) -> Self:
        rows = [each.value() for each in self.action_priority]
        if rows:
            for ratings in (Ratings(*three) for three in product(RATINGS, repeat=3)):
                if not any(row.covers(ratings) for row in rows):
                    raise ValueError(
                        f"action_priority says nothing of severity {ratings.severity}, occurrence {ratings.occurrence}, "
                        f"detection {ratings.detection}: add a last line that covers everything"
                    )
        return self

    def value(self, calendar: Calendar) -> CasePolicy:
        return CasePolicy(
            version=self.version,
            calendar=calendar,
            matrix={severity: getattr(self.matrix, severity.value).value() for severity in Severity},
            priorities=tuple(each.value() for each in self.action_priority),
            screen=parse_duration(self.screening.term),
            terms={
                level: {
                    Clock(name): parse_duration(text)
                    for name, text in getattr(self.terms, level.value).model_dump(exclude_none=True).items()
                }
                for level in Level
            },
            management=frozenset(self.management),
            screening_owner=self.screening.owner,
            screening_team=self.screening.team,
            recurrence=None if self.recurrence is None else self.recurrence.value(),
        )


def read_case_policy(file: Path, calendars: Path) -> CasePolicy:
    """Read and check the policy of cases and the calendar it names; raises CannotStart naming file and field."""
    policy = checked(_Policy, file, "REDRESS_CAPA_CASE_POLICY or REDRESS_CONFIG_DIR")
    value = policy.value(calendar_in(calendars / f"{policy.calendar}.toml"))
    for level, terms in value.terms.items():
        for clock, term in {**terms, Clock.SCREEN: value.screen}.items():
            try:
                counted(value.calendar, value.version, _TRIAL_START, term)
            except Refusal as refusal:
                raise CannotStart(f"{file}: terms.{level}.{clock}: {refusal.detail}") from None
    return value
