"""What the capa process is told: its environment, and the triage policy that the environment names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from capa.domain.policy import Assignment, Result, Rule, TriagePolicy
from capa.domain.severity import Severity
from capa.domain.triage import HISTORICAL, OPEN_NONCONFORMITY
from capa.settings.files import DurationText, Part, calendar_in, checked
from chassis.settings import CannotStart, ServiceSettings
from common.refusals import Refusal
from events.types import Code
from worktime import deadlines
from worktime.calendar import Calendar
from worktime.durations import Duration, parse_duration

_LONGEST_EXPLANATION = 1_000
# Any fixed instant serves to find out whether the due times can be computed at all.
_TRIAL_START = datetime(2026, 1, 1, tzinfo=UTC)


class CapaSettings(ServiceSettings):
    """Capa's settings."""

    service: ClassVar[str] = "capa"

    triage_policy: Path | None = Field(
        None, description="The triage policy's file; else triage.toml in the configuration folder."
    )
    case_policy: Path | None = Field(
        None, description="The file of the policy of cases; else cases.toml in the configuration folder."
    )

    report_fonts: Path | None = Field(
        None,
        description="A folder of fonts for PDF reports, for scripts that the built-in ones lack, such as Chinese, Japanese "
        "and Korean.",
    )

    signal_policy: Path | None = Field(
        None,
        description="The file that says what is watched for trends; else signals.toml in the configuration folder.",
    )

    @property
    def signal_policy_file(self) -> Path:
        """The file that says what is watched."""
        return self.signal_policy or self.config_dir / "signals.toml"

    @property
    def triage_policy_file(self) -> Path:
        """The file that the policy is read from."""
        return self.triage_policy or self.config_dir / "triage.toml"

    @property
    def case_policy_file(self) -> Path:
        """The file that the policy of cases is read from."""
        return self.case_policy or self.config_dir / "cases.toml"


Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9*?._:/+\[\]!-]{1,100}$")]


class _Rule(Part):
    name: Code
    result: Literal["raise", "link", "decline"]
    reason: Code
    explanation: Annotated[str, Field(min_length=1, max_length=_LONGEST_EXPLANATION)]
    severity_at_least: Literal["minor", "major", "critical"] = "minor"
    product: Pattern = "*"
    category: Pattern = "*"
    channel: Pattern = "*"
    site: Pattern = "*"

    def value(self) -> Rule:
        return Rule(
            name=self.name,
            result=Result(self.result),
            reason=self.reason,
            explanation=self.explanation,
            severity_at_least=Severity(self.severity_at_least),
            product=self.product,
            category=self.category,
            channel=self.channel,
            site=self.site,
        )


class _Hands(Part):
    owner: Code | None = None
    team: Code | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.owner is None and self.team is None:
            raise ValueError("name an owner, or at least a team")
        return self


class _Assignment(_Hands):
    product: Pattern = "*"
    category: Pattern = "*"


class _Due(Part):
    minor: DurationText
    major: DurationText
    critical: DurationText


class _Policy(Part):
    version: Code
    calendar: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,50}$")] = "default"
    historical: Literal["decline", "triage"] = "decline"
    link_window_days: Annotated[int, Field(ge=0, le=3_650)]
    rules: Annotated[list[_Rule], Field(min_length=1)]
    assignments: tuple[_Assignment, ...] = ()
    default_assignment: _Hands
    due: _Due

    @model_validator(mode="after")
    def _decides_everything(self) -> Self:
        *others, last = (rule.value() for rule in self.rules)
        if not last.matches_everything:
            raise ValueError(f"the last rule, {last.name!r}, must match everything: take its conditions away")
        if unreached := next(
            (number for number, rule in enumerate(others, 1) if rule.matches_everything), None
        ):
            raise ValueError(
                f"rule {unreached} matches everything, so that the rules after it are never reached"
            )
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names) or HISTORICAL in names:
            raise ValueError(f"every rule needs a name of its own, other than {HISTORICAL!r}")
        if any(rule.reason in {HISTORICAL, OPEN_NONCONFORMITY} for rule in self.rules):
            raise ValueError(f"the reasons {HISTORICAL!r} and {OPEN_NONCONFORMITY!r} are triage's own")
        return self

    def value(self, calendar: Calendar) -> TriagePolicy:
        default = Assignment(owner=self.default_assignment.owner, team=self.default_assignment.team)
        chosen = (
            Assignment(owner=each.owner, team=each.team, product=each.product, category=each.category)
            for each in self.assignments
        )
        return TriagePolicy(
            version=self.version,
            calendar=calendar,
            triage_historical=self.historical == "triage",
            link_window=timedelta(days=self.link_window_days),
            rules=tuple(rule.value() for rule in self.rules),
            assignments=(*chosen, default),
            due={severity: _due_of(self.due, severity) for severity in Severity},
        )


def read_policy(file: Path, calendars: Path) -> TriagePolicy:
    """Read and check a triage policy and the calendar it names; raises CannotStart naming file and field."""
    policy = checked(_Policy, file, "REDRESS_CAPA_TRIAGE_POLICY or REDRESS_CONFIG_DIR")
    calendar = calendar_in(calendars / f"{policy.calendar}.toml")
    value = policy.value(calendar)
    _try_out(file, value)
    return value


def _try_out(file: Path, policy: TriagePolicy) -> None:
    for severity, duration in policy.due.items():
        try:
            deadlines.due(policy.calendar, _TRIAL_START, duration)
        except Refusal as refusal:
            raise CannotStart(f"{file}: due.{severity}: {refusal.detail}") from None


def _due_of(due: _Due, severity: Severity) -> Duration:
    match severity:
        case Severity.MINOR:
            return parse_duration(due.minor)
        case Severity.MAJOR:
            return parse_duration(due.major)
        case Severity.CRITICAL:
            return parse_duration(due.critical)
