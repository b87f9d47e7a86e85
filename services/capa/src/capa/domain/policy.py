"""The triage policy: what a complaint leads to, who acts and by when, as values that the organisation edits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from worktime.calendar import Calendar
from worktime.durations import Duration


class Result(StrEnum):
    """What a rule asks for.

    RAISE links to an open nonconformity where there is one and raises one where not; LINK only links, and declines
    where there is none; DECLINE always declines.
    """

    RAISE = "raise"
    LINK = "link"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the policy; patterns are globs (`*`, `?`) over codes. The first rule that matches decides.

    `reason` and `explanation` tell why the rule raises or declines.
    """

    name: str
    result: Result
    reason: str
    explanation: str
    severity_at_least: Severity = Severity.MINOR
    product: str = "*"
    category: str = "*"
    channel: str = "*"
    site: str = "*"

    @property
    def matches_everything(self) -> bool:
        """Whether no complaint gets past this rule."""
        patterns = {self.product, self.category, self.channel, self.site}
        return self.severity_at_least is Severity.MINOR and patterns == {"*"}

    def matches(self, complaint: Complaint) -> bool:
        """Tell whether the rule speaks about this complaint."""
        return (
            complaint.severity.rank >= self.severity_at_least.rank
            and fnmatchcase(complaint.product, self.product)
            and fnmatchcase(complaint.category, self.category)
            and fnmatchcase(complaint.channel, self.channel)
            and fnmatchcase(complaint.site or "", self.site)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who gets the action for these products and categories; without an owner, the team finds one itself."""

    owner: str | None
    team: str | None
    product: str = "*"
    category: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriagePolicy:
    """One version of the policy; its last rule and its last assignment match everything."""

    version: str
    calendar: Calendar
    triage_historical: bool
    link_window: timedelta
    rules: tuple[Rule, ...]
    assignments: tuple[Assignment, ...]
    due: Mapping[Severity, Duration]

    def rule_for(self, complaint: Complaint) -> Rule:
        """Find the rule that decides about a complaint."""
        return next(rule for rule in self.rules if rule.matches(complaint))

    def assignment_for(self, product: str, category: str) -> Assignment:
        """Find who gets the action."""
        return next(
            each
            for each in self.assignments
            if fnmatchcase(product, each.product) and fnmatchcase(category, each.category)
        )

    def anchors_near(self, received_at: datetime) -> tuple[datetime, datetime]:
        """Tell between which instants, both included, an anchor lies that takes a complaint received then."""
        return received_at - self.link_window, received_at + self.link_window
