"""A signal: complaints of a product, category and site come more often than chance explains, and somebody shall look."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from capa.domain.case.values import Proposal
from capa.domain.errors import ReasonMissing, SignalStepNotPossible
from capa.domain.severity import Severity
from capa.domain.signals.watch import ALL, NO_SITE
from common.refusals import require_version

WINDOW = "window"
"""The rule of so many complaints within so long, beside those of charts."""

RECURRENCE = "recurrence"
"""The rule that the trouble of a case that was closed as effective does not come back."""


class State(StrEnum):
    """Where a signal stands; while it is raised or confirmed, the same rule raises no second one for the same thing."""

    RAISED = "raised"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CLEARED = "cleared"


class Step(StrEnum):
    """What can be done with a signal."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What broke a rule: from when to when, how many complaints, and the chart as it was, as plain JSON.

    A recurrence names the closed case whose trouble came back, and what is proposed.
    """

    watch: str
    product: str
    category: str
    site: str = ALL
    rule: str
    first_at: datetime
    last_at: datetime
    complaints: int
    severity: Severity
    explanation: str
    phase: int | None
    evidence: Mapping[str, object]
    case_id: UUID | None = None
    proposal: Proposal | None = None

    @property
    def place(self) -> tuple[str, str, str, str]:
        """The chart that it is of."""
        return self.watch, self.product, self.category, self.site

    @property
    def about(self) -> str:
        """What the complaints are about, for a person."""
        return told(self.product, self.category, self.site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """An episode on record, and what was decided about it: it led to a nonconformity, or a recurrence to a case."""

    id: UUID
    number: str
    state: State
    episode: Episode
    policy_version: str
    raised_at: datetime
    decided_at: datetime | None
    cleared_at: datetime | None
    reason: str
    clear_reason: str
    nonconformity_id: UUID | None
    version: int
    led_to: UUID | None = None

    @property
    def allowed_steps(self) -> tuple[Step, ...]:
        """What can be done with it now."""
        match self.state:
            case State.RAISED:
                return (Step.CONFIRM, Step.DISMISS)
            case State.CONFIRMED:
                return (Step.CLEAR,)
            case State.DISMISSED | State.CLEARED:
                return ()

    def expect(self, version: int | None) -> None:
        """Refuse when the caller read another version than the current one; None asks for no check."""
        require_version(version, self.version)

    def confirm(
        self, *, nonconformity_id: UUID | None = None, led_to: UUID | None = None, reason: str, now: datetime
    ) -> "Signal":
        """Take it for real: it led to a nonconformity or to a case, and stays latched until it is cleared."""
        self.require(Step.CONFIRM)
        return replace(
            self,
            state=State.CONFIRMED,
            decided_at=now,
            reason=reason.strip(),
            nonconformity_id=nonconformity_id,
            led_to=led_to,
            version=self.version + 1,
        )

    def dismiss(self, *, reason: str, now: datetime) -> "Signal":
        """Take it for no trend, for a reason; what was evidence of it raises no signal again."""
        self.require(Step.DISMISS)
        return replace(
            self, state=State.DISMISSED, decided_at=now, reason=_given(reason), version=self.version + 1
        )

    def clear(self, *, reason: str, now: datetime) -> "Signal":
        """End it, for a reason; from now on the rule may raise a new one."""
        self.require(Step.CLEAR)
        return replace(
            self, state=State.CLEARED, cleared_at=now, clear_reason=_given(reason), version=self.version + 1
        )

    def require(self, step: Step) -> None:
        """Refuse a step that the state does not allow."""
        if step not in self.allowed_steps:
            allowed = ", ".join(self.allowed_steps) or "none"
            raise SignalStepNotPossible(
                f"Signal {self.number} is {self.state}: {step} is not possible; possible are: {allowed}."
            )


def told(product: str, category: str, site: str) -> str:
    """Say what complaints are about: of the site nothing where all are taken together."""
    of_site = {ALL: "", NO_SITE: " / no site"}.get(site, f" / {site}")
    return f"{product} / {category}{of_site}"


def is_news(episode: Episode, known: list[Signal]) -> bool:
    """Tell whether an episode raises a signal, given those of its place: not while one is latched, nor on old evidence."""
    return not any(
        each.state in {State.RAISED, State.CONFIRMED} or episode.first_at < each.episode.last_at
        for each in known
    )


def _given(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing("Say why: a reason is needed so that others can follow the decision.")
    return reason.strip()
