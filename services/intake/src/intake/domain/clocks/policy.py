"""The clock policy: which profiles a complaint gets, and whose its deadlines are, as values that the organisation edits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from intake.domain.clocks.happening import Situation
from intake.domain.clocks.rule import ClockRule
from worktime import Calendar

ANY: Final = "*"
"""The pattern of every code."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The clocks of one standard or law, under a name and version."""

    name: str
    version: str
    rules: tuple[ClockRule, ...]

    @property
    def reference(self) -> str:
        """Its name and version as one code, to store with what was computed."""
        return f"{self.name}:{self.version}"


def profile_of(reference: str) -> str:
    """Tell the profile's name from a reference to it."""
    return reference.partition(":")[0]


class Chosen(NamedTuple):
    """A rule, and the profile and version that it belongs to."""

    rule: ClockRule
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which profiles complaints of these products and source systems get; patterns are globs (`*`, `?`) over codes."""

    profiles: tuple[Profile, ...]
    product: str = ANY
    source_system: str = ANY
    rules: Sequence[Chosen] = field(init=False, repr=False, compare=False)
    """Those of its profiles, each with the profile and version that it belongs to."""

    def __post_init__(self) -> None:
        """List the rules once for all complaints."""
        rules = tuple(Chosen(rule, profile.reference) for profile in self.profiles for rule in profile.rules)
        object.__setattr__(self, "rules", rules)

    def fits(self, situation: Situation) -> bool:
        """Tell whether it is about this complaint."""
        return _fits(situation.product, self.product) and _fits(situation.source_system, self.source_system)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Whose the deadlines are as long as nobody has taken the complaint, and which ladder is climbed."""

    owner: str | None
    team: str | None
    ladder: str | None = None
    product: str = ANY
    category: str = ANY

    def fits(self, situation: Situation) -> bool:
        """Tell whether it is about this complaint."""
        return _fits(situation.product, self.product) and _fits(situation.category, self.category)


class Hands(NamedTuple):
    """Who is told about a deadline, and by which ladder."""

    owner: str | None
    team: str | None
    ladder: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """One version of the policy; its last choice and its last assignment fit everything."""

    version: str
    calendars: Mapping[str, Calendar]
    choices: tuple[Choice, ...]
    assignments: tuple[Assignment, ...]

    def rules_for(self, situation: Situation) -> Sequence[Chosen]:
        """List the rules of a complaint's profiles, whether their conditions hold or not; the first choice decides."""
        for choice in self.choices:
            if choice.fits(situation):
                return choice.rules
        return ()

    def hands_for(self, rule: ClockRule, situation: Situation) -> Hands:
        """Tell whose a deadline is: the rule's own owner, else whoever has the complaint, else the assignment's."""
        assigned = next(each for each in self.assignments if each.fits(situation))
        ladder = rule.ladder or assigned.ladder
        if rule.has_hands:
            return Hands(rule.owner, rule.team, ladder)
        if situation.owner is not None:
            return Hands(situation.owner, situation.team, ladder)
        return Hands(assigned.owner, assigned.team, ladder)

    def calendar(self, name: str) -> Calendar:
        """Find a calendar; the one named default where a clock's own has been taken out of the configuration since."""
        return self.calendars.get(name) or self.calendars["default"]


def _fits(code: str, pattern: str) -> bool:
    return pattern == ANY or fnmatchcase(code, pattern)
