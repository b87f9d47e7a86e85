"""Complaints and policies for tests of clocks alone, without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from common.refusals import Refusal
from intake.clock_files import read_clock_policy
from intake.domain.clocks.clock import Clock
from intake.domain.clocks.following import Change, begin, follow
from intake.domain.clocks.happening import Happened, Happening, Situation
from intake.domain.clocks.policy import Assignment, Choice, ClockPolicy, Profile
from intake.domain.clocks.rule import MET_BY, RESTARTED_BY, STOPPED_BY, ClockRule, Kind, Start
from intake.domain.complaint import Severity
from tests.worktime.samples import shipped

CONFIG: Final = Path(__file__).parents[3] / "config"
NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday, 13:00 in Berlin, where the default calendar counts."""


def rule(name: str = "respond", kind: Kind = Kind.RESPOND, limit: str = "5wd", **changes: Any) -> ClockRule:
    """A rule with what is usual for its kind."""
    usual = ClockRule(
        name=name,
        kind=kind,
        title=name,
        source="a test",
        start=Start.RECEIVED,
        term={"limit": limit},
        calendar="default",
        pauses=False,
        met_by=MET_BY[kind],
        stopped_by=STOPPED_BY[kind],
        restarted_by=RESTARTED_BY[kind],
    )
    return replace(usual, **changes)


def policy_of(*rules: ClockRule, version: str = "1") -> ClockPolicy:
    """A policy with one profile of these rules for everything."""
    return ClockPolicy(
        version=version,
        calendars={name: shipped(name) for name in ("default", "always", "dublin", "new-york")},
        choices=(Choice(profiles=(Profile("test", version, rules),)),),
        assignments=(Assignment(owner="quality.desk", team="quality"),),
    )


def policy_for(*profiles: str, folder: Path) -> ClockPolicy:
    """The policy that gives everything these shipped profiles."""
    return read_clock_policy(policy_file(folder, *profiles), CONFIG)


def policy_file(folder: Path, *profiles: str) -> Path:
    """A policy file that gives everything these profiles."""
    file = folder / "clocks.toml"
    names = ", ".join(f'"{name}"' for name in profiles)
    file.write_text(
        f'version = "1"\ndefault_profiles = [{names}]\n[default_assignment]\nowner = "quality.desk"\nteam = "quality"\n'
    )
    return file


def a_situation(**changes: Any) -> Situation:
    """A complaint that came at noon."""
    usual = Situation(
        complaint_id=UUID(int=1),
        source_system="crm",
        product="credit-card",
        category="fees",
        channel="phone",
        severity=Severity.MAJOR,
        moments={Happening.RECEIVED: NOON, Happening.AWARE: NOON},
    )
    return replace(usual, **changes)


@dataclass
class Timed:
    """A complaint with its clocks; what happens is remembered as the work on it would."""

    policy: ClockPolicy
    situation: Situation = field(default_factory=a_situation)
    clocks: dict[tuple[str, int], Clock] = field(default_factory=dict)
    uncounted: list[str] = field(default_factory=list)

    def begin(self, now: datetime = NOON) -> "Timed":
        """Receive it."""
        self._keep(begin(self.policy, self.situation, now=now, uncounted=self._not_counted))
        return self

    def happens(
        self,
        what: Happening,
        at: datetime,
        *,
        authority: str | None = None,
        promised_at: datetime | None = None,
        **known: Any,
    ) -> list[Change]:
        """Have something happen, after which this is known."""
        moments = {**self.situation.moments, what: at}
        self.situation = replace(self.situation, moments=moments, **known)
        changes = follow(
            self.policy,
            self.situation,
            tuple(self.clocks.values()),
            Happened(what, at, authority, promised_at),
            now=at,
            uncounted=self._not_counted,
        )
        self._keep(change.clock for change in changes)
        return list(changes)

    def the(self, name: str) -> Clock:
        """The latest clock of a name."""
        return max(
            (clock for clock in self.clocks.values() if clock.name == name), key=lambda each: each.ordinal
        )

    @property
    def names(self) -> set[str]:
        """The names of all clocks that there ever were."""
        return {name for name, _ in self.clocks}

    def all_of(self, name: str) -> Sequence[Clock]:
        """Every clock of a name, in order."""
        return sorted(
            (clock for clock in self.clocks.values() if clock.name == name), key=lambda each: each.ordinal
        )

    def _keep(self, clocks: Iterable[Clock]) -> None:
        for clock in clocks:
            self.clocks[clock.name, clock.ordinal] = clock

    def _not_counted(self, clock: str, refusal: Refusal) -> None:
        self.uncounted.append(f"{clock}: {refusal.code}")


def berlin(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """An instant in UTC by the clock on the wall in Berlin, in winter."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)
