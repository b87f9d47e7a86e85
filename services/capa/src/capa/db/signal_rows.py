"""Signals and limits as rows, and rows as them."""

from typing import Any

from capa.domain.case.values import Proposal
from capa.domain.complaint import Complaint
from capa.domain.severity import Severity
from capa.domain.signals.charting import Frozen
from capa.domain.signals.signal import Episode, Signal, State
from quality.charts import Kind, Limits
from quality.rare import RareKind, RareLimits


def signal_of(row: Any) -> Signal:
    """Read a row of `signal`."""
    episode = Episode(
        watch=row.watch,
        product=row.product,
        category=row.category,
        site=row.site,
        rule=row.rule,
        first_at=row.first_at,
        last_at=row.last_at,
        complaints=row.complaints,
        severity=Severity(row.severity),
        explanation=row.explanation,
        phase=row.phase,
        evidence=row.evidence,
        case_id=row.case_id,
        proposal=None if row.proposal is None else Proposal(row.proposal),
    )
    return Signal(
        id=row.id,
        number=row.number,
        state=State(row.state),
        episode=episode,
        policy_version=row.policy_version,
        raised_at=row.raised_at,
        decided_at=row.decided_at,
        cleared_at=row.cleared_at,
        reason=row.reason,
        clear_reason=row.clear_reason,
        nonconformity_id=row.nonconformity_id,
        version=row.version,
        led_to=row.led_to,
    )


def row_of_signal(value: Signal) -> dict[str, Any]:
    """Write a row of `signal`."""
    episode = value.episode
    return {
        "id": value.id,
        "number": value.number,
        "state": value.state.value,
        "watch": episode.watch,
        "product": episode.product,
        "category": episode.category,
        "site": episode.site,
        "rule": episode.rule,
        "first_at": episode.first_at,
        "last_at": episode.last_at,
        "complaints": episode.complaints,
        "severity": episode.severity.value,
        "explanation": episode.explanation,
        "phase": episode.phase,
        "evidence": dict(episode.evidence),
        "policy_version": value.policy_version,
        "raised_at": value.raised_at,
        "decided_at": value.decided_at,
        "cleared_at": value.cleared_at,
        "reason": value.reason,
        "clear_reason": value.clear_reason,
        "nonconformity_id": value.nonconformity_id,
        "version": value.version,
        "case_id": episode.case_id,
        "proposal": None if episode.proposal is None else episode.proposal.value,
        "led_to": value.led_to,
    }


def frozen_of(row: Any) -> Frozen:
    """Read a row of `chart_limits`."""
    limits: Limits | RareLimits
    if row.kind in set(RareKind):
        limits = RareLimits(kind=RareKind(row.kind), **row.limits)
    else:
        limits = Limits(kind=Kind(row.kind), **row.limits)
    return Frozen(
        phase=row.phase,
        definition=row.definition,
        baseline_from=row.baseline_from,
        baseline_to=row.baseline_to,
        frozen_at=row.frozen_at,
        policy_version=row.policy_version,
        exposed=row.exposed,
        limits=limits,
    )


def complaint_of(row: Any) -> Complaint:
    """Read a row of `complaint`."""
    return Complaint(
        id=row.id,
        number=row.number,
        version=row.version,
        severity=Severity(row.severity),
        product=row.product,
        category=row.category,
        channel=row.channel,
        received_at=row.received_at,
        historical=row.historical,
        correlation_id=row.correlation_id,
        site=row.site,
    )
