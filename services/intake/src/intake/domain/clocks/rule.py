"""The rule of a clock, as a profile has it: when it starts, how long it runs, what meets, holds and stops it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

from intake.domain.clocks.happening import CONTACTS, Happened, Happening, Reportability, Situation
from intake.domain.complaint import Severity
from worktime import Term, term_of


class Kind(StrEnum):
    """What a clock is for, whatever a profile names it."""

    ACKNOWLEDGE = "acknowledge"
    ASSESS = "assess"
    CONTAIN = "contain"
    UPDATE = "update"
    RESPOND = "respond"
    REGULATORY = "regulatory"


class Start(StrEnum):
    """What a clock is counted from; the value is its name in profiles."""

    RECEIVED = "received"
    AWARE = "aware"
    LAST_CONTACT = "last_contact"
    OWNER_ASSIGNED = "owner_assigned"
    ASSESSED = "assessed"
    INVESTIGATION_STARTED = "investigation_started"
    RESPONDED = "responded"
    INFORMATION_RECEIVED = "information_received"


BEGUN_BY: Final[Mapping[Start, frozenset[Happening]]] = {
    Start.RECEIVED: frozenset({Happening.RECEIVED}),
    Start.AWARE: frozenset({Happening.AWARE}),
    Start.LAST_CONTACT: CONTACTS,
    Start.OWNER_ASSIGNED: frozenset({Happening.OWNER_ASSIGNED}),
    Start.ASSESSED: frozenset({Happening.ASSESSED}),
    Start.INVESTIGATION_STARTED: frozenset({Happening.INVESTIGATION_STARTED}),
    Start.RESPONDED: frozenset({Happening.RESPONDED}),
    Start.INFORMATION_RECEIVED: frozenset({Happening.INFORMATION_RECEIVED}),
}
"""What each start is begun by."""

_FINISHED: Final = frozenset({Happening.WITHDRAWN, Happening.NOT_A_COMPLAINT, Happening.CLOSED})
_NO_MORE_WORK: Final = _FINISHED | {Happening.LINKED, Happening.REFERRED}

MET_BY: Final[Mapping[Kind, frozenset[Happening]]] = {
    # Whoever answers has acknowledged, too.
    Kind.ACKNOWLEDGE: frozenset({Happening.ACKNOWLEDGED, Happening.RESPONDED}),
    Kind.ASSESS: frozenset({Happening.ASSESSED, Happening.NOT_A_COMPLAINT}),
    Kind.CONTAIN: frozenset({Happening.CONTAINED}),
    Kind.UPDATE: CONTACTS | {Happening.RESPONDED},
    Kind.RESPOND: frozenset({Happening.RESPONDED}),
    Kind.REGULATORY: frozenset({Happening.REPORT_FILED}),
}
"""What meets a clock of each kind where its profile does not say."""

STOPPED_BY: Final[Mapping[Kind, frozenset[Happening]]] = {
    # The customer of a linked complaint is still owed an acknowledgement and an answer.
    Kind.ACKNOWLEDGE: _FINISHED,
    Kind.ASSESS: _NO_MORE_WORK,
    Kind.CONTAIN: _NO_MORE_WORK,
    Kind.UPDATE: _NO_MORE_WORK | {Happening.RESPONDED},
    Kind.RESPOND: _FINISHED | {Happening.REFERRED},
    # An authority must be told whatever becomes of the complaint.
    Kind.REGULATORY: frozenset(),
}
"""What ends a clock of each kind without meeting it, where its profile does not say."""

RESTARTED_BY: Final[Mapping[Kind, frozenset[Happening]]] = {
    Kind.ACKNOWLEDGE: frozenset(),
    Kind.ASSESS: frozenset(),
    Kind.CONTAIN: frozenset(),
    Kind.UPDATE: frozenset({Happening.REOPENED, Happening.CUSTOMER_REJECTED}),
    Kind.RESPOND: frozenset({Happening.REOPENED, Happening.CUSTOMER_REJECTED}),
    Kind.REGULATORY: frozenset(),
}
"""What begins a clock of each kind anew where its profile does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What must hold of a complaint; empty sequences and None ask for nothing, and patterns are globs over codes."""

    severities: tuple[Severity, ...] = ()
    safety: bool | None = None
    reportability: tuple[Reportability, ...] = ()
    products: tuple[str, ...] = ()
    not_products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def hold(self, situation: Situation) -> bool:
        """Tell whether they hold; what is not assessed yet is neither safe nor unsafe."""
        return (
            (not self.severities or situation.severity in self.severities)
            and (self.safety is None or situation.safety is self.safety)
            and (not self.reportability or situation.reportability in self.reportability)
            and (not self.products or _one_of(self.products, situation.product))
            and not (self.not_products and _one_of(self.not_products, situation.product))
            and (not self.categories or _one_of(self.categories, situation.category))
            and not (self.not_categories and _one_of(self.not_categories, situation.category))
            and (not self.sources or _one_of(self.sources, situation.source_system))
            and (not self.channels or _one_of(self.channels, situation.channel))
        )

    def as_data(self) -> dict[str, Any]:
        """Write what is asked for as JSON values."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in found.items() if value not in {(), None}}


ALWAYS: Final = Conditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """How one clock of a profile runs; `term` is kept as the plain data that it was read from.

    A report meets it where its authority matches one of `authorities`, which are globs; without any, every report does.
    """

    name: str
    kind: Kind
    title: str
    source: str
    start: Start
    term: Mapping[str, Any]
    calendar: str
    pauses: bool
    met_by: frozenset[Happening]
    stopped_by: frozenset[Happening]
    restarted_by: frozenset[Happening]
    authorities: tuple[str, ...] = ()
    when: Conditions = ALWAYS
    ladder: str | None = None
    owner: str | None = None
    team: str | None = None

    @property
    def limit(self) -> Term:
        """What is counted."""
        return _term(tuple(self.term.items()))

    @property
    def has_hands(self) -> bool:
        """Whether it names whose its deadlines are, whoever has the complaint."""
        return self.owner is not None or self.team is not None

    def is_met_by(self, happened: Happened) -> bool:
        """Tell whether something meets its clock; a report does where it went to one of the authorities meant."""
        if happened.what not in self.met_by:
            return False
        if happened.what is not Happening.REPORT_FILED or happened.authority is None:
            return True
        return _one_of(self.authorities, happened.authority)

    @property
    def recurs(self) -> bool:
        """Whether meeting it starts it anew, as each contact with the customer does the next update."""
        return bool(BEGUN_BY[self.start] & self.met_by)

    def as_data(self) -> dict[str, Any]:
        """Write it as JSON values, to be kept with a clock: what stands at its kind's default is left out."""
        data: dict[str, Any] = {
            "kind": self.kind.value,
            "title": self.title,
            "source": self.source,
            "start": self.start.value,
            "term": dict(self.term),
            "calendar": self.calendar,
        }
        for name, usual in (
            ("met_by", MET_BY),
            ("stopped_by", STOPPED_BY),
            ("restarted_by", RESTARTED_BY),
        ):
            if getattr(self, name) != usual[self.kind]:
                data[name] = sorted(getattr(self, name))
        for name in ("pauses", "ladder", "owner", "team"):
            if value := getattr(self, name):
                data[name] = value
        if self.authorities:
            data["authorities"] = list(self.authorities)
        if when := self.when.as_data():
            data["when"] = when
        return data


def rule_of(name: str, data: Mapping[str, Any]) -> ClockRule:
    """Read what `as_data` wrote."""
    kind = Kind(data["kind"])
    return ClockRule(
        name=name,
        kind=kind,
        title=data["title"],
        source=data["source"],
        start=Start(data["start"]),
        term=data["term"],
        calendar=data["calendar"],
        pauses=data.get("pauses", False),
        met_by=_happenings(data.get("met_by"), MET_BY[kind]),
        authorities=tuple(data.get("authorities", ())),
        stopped_by=_happenings(data.get("stopped_by"), STOPPED_BY[kind]),
        restarted_by=_happenings(data.get("restarted_by"), RESTARTED_BY[kind]),
        when=_conditions(data.get("when", {})),
        ladder=data.get("ladder"),
        owner=data.get("owner"),
        team=data.get("team"),
    )


@lru_cache(maxsize=256)
def _term(items: tuple[tuple[str, Any], ...]) -> Term:
    return term_of(dict(items))


def _conditions(data: Mapping[str, Any]) -> Conditions:
    if not data:
        return ALWAYS
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, (list, tuple)) else value for name, value in data.items()
    }
    values["severities"] = tuple(map(Severity, values.get("severities", ())))
    values["reportability"] = tuple(map(Reportability, values.get("reportability", ())))
    return Conditions(**values)


def _happenings(names: Sequence[str] | None, usual: frozenset[Happening]) -> frozenset[Happening]:
    return usual if names is None else frozenset(map(Happening, names))


def _one_of(patterns: Sequence[str], code: str) -> bool:
    return not patterns or any(fnmatchcase(code, pattern) for pattern in patterns)
