"""Reads the clock policy, its profiles and calendars from the configuration folder, and tries every clock out."""

import logging
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chassis.settings import CannotStart
from common.refusals import Refusal
from events.types import Code
from intake.domain.clocks.extension import Extension
from intake.domain.clocks.happening import RESTARTS, Happening, Reportability
from intake.domain.clocks.policy import Assignment, Choice, ClockPolicy, Profile
from intake.domain.clocks.rule import (
    MET_BY,
    RESTARTED_BY,
    STOPPED_BY,
    ClockRule,
    Conditions,
    Kind,
    Start,
)
from intake.domain.complaint import Channel, Severity
from worktime import Calendar, due, parse_calendar, term_of

log = logging.getLogger(__name__)

PROFILES: Final = "clocks"
CALENDARS: Final = "calendars"
# Any fixed instant serves to find out whether a due instant can be computed at all.
_TRIAL_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"

_T = TypeVar("_T", bound=BaseModel)
Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9*?._:/+\[\]!-]{1,100}$")]
Name = Annotated[str, Field(pattern=_NAME)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _When(_Part):
    severities: tuple[Severity, ...] = ()
    safety: bool | None = None
    reportability: tuple[Reportability, ...] = ()
    products: tuple[Pattern, ...] = ()
    not_products: tuple[Pattern, ...] = ()
    categories: tuple[Pattern, ...] = ()
    not_categories: tuple[Pattern, ...] = ()
    sources: tuple[Pattern, ...] = ()
    channels: tuple[Channel, ...] = ()

    def value(self) -> Conditions:
        return Conditions(**{name: getattr(self, name) for name in type(self).model_fields})


class _Extension(_Part):
    by: Annotated[tuple[Happening, ...], Field(min_length=1)]
    term: dict[str, Any]
    source: Text

    def value(self) -> Extension:
        return Extension(by=frozenset(self.by), term=self.term, source=self.source)


class _Clock(_Part):
    name: Name
    kind: Kind
    title: Text
    source: Text
    start: Start
    term: dict[str, Any]
    calendar: Name | None = None
    pauses: bool = False
    met_by: Annotated[tuple[Happening, ...], Field(min_length=1)] | None = None
    authorities: tuple[Pattern, ...] = ()
    stopped_by: tuple[Happening, ...] | None = None
    restarted_by: tuple[Happening, ...] | None = None
    when: _When = _When()
    ladder: Name | None = None
    owner: Code | None = None
    team: Code | None = None
    extension: _Extension | None = None

    @model_validator(mode="after")
    def _runs(self) -> Self:
        if self.kind is Kind.REGULATORY and self.pauses:
            raise ValueError("a regulatory clock never pauses: take pauses away")
        if wrong := sorted(set(self.restarted_by or ()) - RESTARTS):
            raise ValueError(
                f"restarted_by: {', '.join(wrong)} begins no new run; {', '.join(sorted(RESTARTS))} do"
            )
        if both := sorted(set(self.met_by or ()) & set(self.stopped_by or ())):
            raise ValueError(f"{', '.join(both)} cannot both meet and stop it")
        return self

    def value(self, calendar: str) -> ClockRule:
        return ClockRule(
            name=self.name,
            kind=self.kind,
            title=self.title,
            source=self.source,
            start=self.start,
            term=self.term,
            calendar=self.calendar or calendar,
            pauses=self.pauses,
            met_by=MET_BY[self.kind] if self.met_by is None else frozenset(self.met_by),
            authorities=self.authorities,
            stopped_by=STOPPED_BY[self.kind] if self.stopped_by is None else frozenset(self.stopped_by),
            restarted_by=RESTARTED_BY[self.kind]
            if self.restarted_by is None
            else frozenset(self.restarted_by),
            when=self.when.value(),
            ladder=self.ladder,
            owner=self.owner,
            team=self.team,
            extension=None if self.extension is None else self.extension.value(),
        )


class _ProfileFile(_Part):
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,30}$")]
    description: Annotated[str, Field(min_length=1, max_length=1_000)]
    calendar: Name = "default"
    clocks: Annotated[tuple[_Clock, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [clock.name for clock in self.clocks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two clocks are named {', '.join(twice)}: give each a name of its own")
        return self


class _Choice(_Part):
    profiles: tuple[Name, ...]
    product: Pattern = "*"
    source_system: Pattern = "*"


class _Hands(_Part):
    owner: Code | None = None
    team: Code | None = None
    ladder: Name | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.owner is None and self.team is None:
            raise ValueError("name an owner, or at least a team")
        return self


class _Assignment(_Hands):
    product: Pattern = "*"
    category: Pattern = "*"


class _PolicyFile(_Part):
    version: Code
    choices: tuple[_Choice, ...] = ()
    default_profiles: tuple[Name, ...]
    assignments: tuple[_Assignment, ...] = ()
    default_assignment: _Hands


def read_clock_policy(file: Path, folder: Path) -> ClockPolicy:
    """Read a clock policy, with the profiles and calendars of the configuration folder.

    Raises CannotStart with a line that names file, field and fix; every clock's limit is computed once to try it out.
    """
    found = _read(file, _PolicyFile)
    calendars = {path.stem: _calendar(path) for path in sorted((folder / CALENDARS).glob("*.toml"))}
    if "default" not in calendars:
        raise CannotStart(f"{folder / CALENDARS} has no default.toml: correct REDRESS_CONFIG_DIR.")
    read = _Profiles(folder / PROFILES, calendars)
    last = _Choice(profiles=found.default_profiles)
    choices = []
    for place, choice in [
        *((f"choices.{n}", each) for n, each in enumerate(found.choices, 1)),
        ("default_profiles", last),
    ]:
        profiles = tuple(read(name, f"{file}: {place}") for name in choice.profiles)
        _apart(profiles, f"{file}: {place}")
        choices.append(Choice(profiles=profiles, product=choice.product, source_system=choice.source_system))
    return ClockPolicy(
        version=found.version,
        calendars=calendars,
        choices=tuple(choices),
        assignments=tuple(
            Assignment(**each.model_dump()) for each in (*found.assignments, found.default_assignment)
        ),
    )


def read_profile(file: Path, calendars: Mapping[str, Calendar]) -> Profile:
    """Read one profile and try its clocks out; raises CannotStart naming file, field and fix."""
    found = _read(file, _ProfileFile)
    rules = tuple(clock.value(found.calendar) for clock in found.clocks)
    for number, rule in enumerate(rules, 1):
        place = f"{file}: clocks.{number} ({rule.name})"
        calendar = calendars.get(rule.calendar)
        if calendar is None:
            raise CannotStart(
                f"{place}: there is no calendar {rule.calendar!r}; known: {', '.join(sorted(calendars))}"
            )
        _try_out(rule, calendar, place)
    return Profile(file.stem, found.version, rules)


def _try_out(rule: ClockRule, calendar: Calendar, place: str) -> None:
    try:
        first = due(calendar, _TRIAL_START, term_of(rule.term))
    except Refusal as refusal:
        raise CannotStart(f"{place}: term: {refusal.detail}") from None
    if rule.extension is None:
        return
    try:
        last = due(calendar, _TRIAL_START, term_of(rule.extension.term))
    except Refusal as refusal:
        raise CannotStart(f"{place}: extension.term: {refusal.detail}") from None
    if last.due_at <= first.due_at:
        raise CannotStart(f"{place}: extension.term: gives no more time than term: make it longer")


class _Profiles:
    """Profiles by name, each read once."""

    def __init__(self, folder: Path, calendars: Mapping[str, Calendar]) -> None:
        self._files = {path.stem: path for path in sorted(folder.glob("*.toml"))}
        self._calendars = calendars
        self._read: dict[str, Profile] = {}

    def __call__(self, name: str, place: str) -> Profile:
        if name not in self._files:
            known = ", ".join(self._files) or "none"
            raise CannotStart(f"{place}: there is no profile {name!r} in {PROFILES}/; known: {known}")
        if name not in self._read:
            self._read[name] = read_profile(self._files[name], self._calendars)
        return self._read[name]


def _apart(profiles: Sequence[Profile], place: str) -> None:
    owners: dict[str, str] = {}
    for profile in profiles:
        for rule in profile.rules:
            other = owners.setdefault(rule.name, profile.name)
            if other != profile.name:
                raise CannotStart(
                    f"{place}: {other} and {profile.name} both have a clock {rule.name!r}: choose one of them, or "
                    "rename the clock"
                )


def _calendar(file: Path) -> Calendar:
    try:
        calendar = _parsed(_text(file))
    except Refusal as refusal:
        raise CannotStart(f"{file}: {refusal.detail}") from None
    for doubt in calendar.doubts:
        log.warning("%s: %s", file, doubt)
    return calendar


@lru_cache(maxsize=64)  # one calendar serves a whole process, which then knows its holidays
def _parsed(text: str) -> Calendar:
    return parse_calendar(text)


def _read(file: Path, model: Callable[..., _T] | type[_T]) -> _T:
    try:
        data = tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise CannotStart(f"{file} is no TOML: {error}") from None
    try:
        return model(**data)
    except ValidationError as error:
        raise CannotStart(
            "\n".join(f"{file}: {_place(found['loc'])}: {found['msg']}" for found in error.errors())
        ) from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(
            f"{file} cannot be read ({error}): correct REDRESS_INTAKE_CLOCK_POLICY or REDRESS_CONFIG_DIR."
        ) from None


def _place(path: tuple[int | str, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "the file"
