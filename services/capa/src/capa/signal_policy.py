"""What is watched for trends, read from the file that the settings name."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from capa.domain.severity import Severity
from capa.domain.signals.periods import Length
from capa.domain.signals.recurrence import WATCH as RECURRENCES
from capa.domain.signals.watch import Chart, SignalPolicy, Watch, Window
from chassis.settings import CannotStart
from events.types import Code
from quality.rules import Rule


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone of the IANA database") from None
    return name


Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9*?._:/+\[\]!-]{1,100}$")]
ZoneName = Annotated[str, AfterValidator(_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WindowPart(_Part):
    """So many complaints, of so high a severity, within so many days."""

    count: Annotated[int, Field(ge=2, le=10_000)]
    days: Annotated[int, Field(ge=1, le=366)]
    severity_at_least: Literal["minor", "major", "critical"] = "minor"

    def value(self) -> Window:
        """Make what the rules know it as."""
        return Window(self.count, timedelta(days=self.days), Severity(self.severity_at_least))


class _Watch(_Part):
    name: Code
    product: Pattern = "*"
    category: Pattern = "*"
    by: Literal["product", "category"] = "category"
    per_site: bool = False
    period: Literal["week", "month"] = "month"
    chart: Literal["auto", "c", "u", "laney_u", "p", "laney_p", "g", "t"] = "auto"
    baseline: Annotated[int, Field(ge=20, le=520)] = 24
    rules: list[Literal["beyond_limit", "run", "trend", "alternating", "zeros"]] = [
        "beyond_limit",
        "run",
        "zeros",
    ]
    exposure: Literal["shipped", "sold", "in_use"] | None = None
    windows: list[WindowPart] = []

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        if self.chart in {"u", "laney_u", "p", "laney_p"} and self.exposure is None:
            raise ValueError(
                f"a {self.chart} chart needs the kind of units that it counts against: name exposure"
            )
        if not self.rules and not self.windows:
            raise ValueError("nothing is watched: name rules or windows")
        pairs = [(each.count, each.days) for each in self.windows]
        if len(set(pairs)) < len(pairs):
            raise ValueError("two windows have the same count and days")
        return self

    def value(self) -> Watch:
        return Watch(
            name=self.name,
            product=self.product,
            category=self.category,
            by_category=self.by == "category",
            per_site=self.per_site,
            period=Length(self.period),
            chart=Chart(self.chart),
            baseline=self.baseline,
            rules=tuple(Rule(each) for each in self.rules),
            exposure=self.exposure,
            windows=tuple(each.value() for each in self.windows),
        )


class _Policy(_Part):
    version: Code
    zone: ZoneName = "UTC"
    fresh_days: Annotated[int, Field(ge=1, le=366)] = 45
    settle_minutes: Annotated[int, Field(ge=0, le=10_080)] = 60
    monitored: Annotated[int, Field(ge=0, le=520)] = 12
    watches: list[_Watch] = []

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [watch.name for watch in self.watches]
        if len(set(names)) < len(names):
            raise ValueError("every watch needs a name of its own")
        if RECURRENCES in names:
            raise ValueError(f"{RECURRENCES} stands for closed cases: give the watch another name")
        return self

    def value(self) -> SignalPolicy:
        return SignalPolicy(
            version=self.version,
            zone=ZoneInfo(self.zone),
            fresh=timedelta(days=self.fresh_days),
            settle=timedelta(minutes=self.settle_minutes),
            monitored=self.monitored,
            watches=tuple(watch.value() for watch in self.watches),
        )


def read_signal_policy(file: Path) -> SignalPolicy:
    """Read and check what is watched; raises CannotStart naming file and field."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(
            f"{file} cannot be read ({error}): correct REDRESS_CAPA_SIGNAL_POLICY or REDRESS_CONFIG_DIR."
        ) from None
    try:
        return _Policy.model_validate(tomllib.loads(text)).value()
    except tomllib.TOMLDecodeError as error:
        raise CannotStart(f"{file} is no TOML: {error}") from None
    except ValidationError as error:
        raise CannotStart(
            "\n".join(f"{file}: {_place(found['loc'])}: {found['msg']}" for found in error.errors())
        ) from None


def _place(path: tuple[int | str, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "the policy"
