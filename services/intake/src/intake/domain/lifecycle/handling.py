"""What has been done about a complaint so far: one value, which each step replaces.

Texts that people wrote stand in it too. They are kept beside the chain of hashes, can be erased, and travel in no event.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from intake.domain.complaint import Channel, Severity
from intake.domain.lifecycle.words import Ending, Level, Reportability, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was found on looking at a complaint for the first time, or again.

    Severity, implication, complexity, impact and the need for immediate action are the criteria of ISO 10002.
    `report_to` names the authorities that must be told.
    """

    at: datetime
    by: str
    severity: Severity
    category: str
    safety_flag: bool
    reportability: Reportability
    validity: Validity
    implication: Level
    complexity: Level
    impact: Level
    immediate_action: bool
    report_to: tuple[str, ...] = ()
    immediate_action_taken: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """That there is no investigation, decided by whom and why; or which earlier one is used instead."""

    at: datetime
    by: str
    reason: str
    reused_id: UUID | None = None
    reused_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingReply:
    """What the customer was told of why the answer takes longer, and by when it was promised."""

    at: datetime
    by: str
    channel: Channel
    reason: str
    answer_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the customer was answered; `at` is when it was sent.

    A corrective action is required, and `capa_reference` names it, or is not, and `capa_rationale` says why.
    """

    at: datetime
    by: str
    channel: Channel
    reply: str | None = None
    reply_reference: str | None = None
    finding: str | None = None
    capa_required: bool | None = None
    capa_reference: str | None = None
    capa_rationale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One attempt to reach a customer who does not answer."""

    at: datetime
    by: str
    channel: Channel
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that an authority got; `reference` is the authority's or our own name of it."""

    at: datetime
    by: str
    authority: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """How the complaint ended, and what allowed it to."""

    at: datetime
    by: str
    code: str
    ended_by: Ending
    policy_version: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """That it ended otherwise: rejected, referred or withdrawn; `body` is who deals with it now."""

    at: datetime
    by: str
    reason: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What has been done about a complaint.

    `run` counts from 1 and rises whenever it is opened again; what belongs to a run begins anew with it, and the history
    keeps what was before. `investigators` are all who must not approve the closure, by their ids.
    """

    run: int = 1
    reopened: int = 0
    owner: str | None = None
    team: str | None = None
    acknowledged_at: datetime | None = None
    assessment: Assessment | None = None
    waiver: Waiver | None = None
    investigation_started_at: datetime | None = None
    investigators: tuple[str, ...] = ()
    waiting_since: datetime | None = None
    waiting_for: str | None = None
    last_contact_at: datetime | None = None
    holding_reply: HoldingReply | None = None
    response: Response | None = None
    accepted_at: datetime | None = None
    customer_rejections: int = 0
    contacts: tuple[Contact, ...] = ()
    reports: tuple[Report, ...] = ()
    master_id: UUID | None = None
    master_number: str | None = None
    closure: Closure | None = None
    ended: Ended | None = None

    @property
    def reports_missing(self) -> tuple[str, ...]:
        """The authorities that must be told and were not."""
        if self.assessment is None or self.assessment.reportability is not Reportability.YES:
            return ()
        told = {report.authority for report in self.reports}
        return tuple(authority for authority in self.assessment.report_to if authority not in told)


UNTOUCHED: Final = Handling()
"""What has been done about a complaint that was just received: nothing."""
