"""What is watched for trends, as the organisation edits it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from capa.domain.severity import Severity
from capa.domain.signals.periods import Length
from quality.rules import Rule

ALL = "*"
"""Stands for the category or the site where a watch takes all of them together."""

NO_SITE = "-"
"""Stands for the site of complaints that name none; no code reads so."""


class Chart(StrEnum):
    """Which chart a watch draws; AUTO chooses by the baseline."""

    AUTO = "auto"
    C = "c"
    U = "u"
    LANEY_U = "laney_u"
    P = "p"
    LANEY_P = "laney_p"
    G = "g"
    T = "t"


@dataclass(frozen=True, slots=True)
class Window:
    """So many complaints, of so high a severity, within so long a time."""

    count: int
    within: timedelta
    severity_at_least: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One thing that is watched, for each product and category that its patterns match.

    Limits are frozen from `baseline` periods; `exposure` names the kind of units that complaints are counted against.
    `by_category` tells whether each category has a chart of its own, `per_site` whether each site has; complaints that name
    no site then share one.
    """

    name: str
    product: str
    category: str
    by_category: bool
    period: Length
    chart: Chart
    baseline: int
    rules: tuple[Rule, ...]
    exposure: str | None
    windows: tuple[Window, ...]
    per_site: bool = False

    def takes(self, product: str, category: str) -> bool:
        """Tell whether a complaint's codes are watched."""
        return fnmatchcase(product, self.product) and fnmatchcase(category, self.category)

    def category_of(self, category: str) -> str:
        """Name the category that a complaint of this one is counted under."""
        return category if self.by_category else ALL

    @property
    def definition(self) -> str:
        """What limits depend on; limits that were frozen under another one are not taken."""
        apart = " per site" if self.per_site else ""
        return f"{self.period} {self.chart} {self.baseline} {self.exposure or '-'} {self.product} {self.category}{apart}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPolicy:
    """One version of what is watched.

    Only what ended at most `fresh` before now raises a signal; a baseline is frozen when nothing was added to it for
    `settle`, so that a running import or replay does not freeze half of it. `monitored` is how many periods are left to be
    tested when a long history is charted for the first time.
    """

    version: str
    zone: ZoneInfo
    fresh: timedelta
    settle: timedelta
    monitored: int
    watches: tuple[Watch, ...]
