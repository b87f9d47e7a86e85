"""Triage: what a complaint leads to, with a reason and an explanation that a person can follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, assert_never
from uuid import UUID

from capa.domain.complaint import Complaint
from capa.domain.nonconformity import Nonconformity, State
from capa.domain.policy import Result, Rule, TriagePolicy

HISTORICAL = "historical"
"""The reason, and the name of the built-in rule, for complaints of the past."""

OPEN_NONCONFORMITY = "open_nonconformity"
"""The reason of every link."""

SIGNAL = "signal"
"""The reason, and the name of the built-in rule, where somebody confirmed a signal that a complaint is evidence of."""


ASSESSMENT = "assessment"
"""The reason, and the name of the built-in rule, where an assessment changes nothing about a link."""

SEVERITY_RAISED = "severity_raised"
"""The reason where an assessment raises the severity of a nonconformity."""


class Outcome(StrEnum):
    """What became of a complaint."""

    RAISED = "raised"
    LINKED = "linked"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, the rule that led to it, why, and the nonconformity that a link goes to or the signal that raises one."""

    outcome: Outcome
    rule: str
    reason: str
    explanation: str
    target: Nonconformity | None = None
    signal: str | None = None


Trigger = Literal["received", "assessed", "signal"]
"""What asks for a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict on record; `ordinal` counts the decisions about one complaint, `trigger` is what asked for this one."""

    id: UUID
    complaint: Complaint
    ordinal: int
    trigger: Trigger
    verdict: Verdict
    policy_version: str
    decided_at: datetime
    nonconformity_id: UUID | None


def may_link(policy: TriagePolicy, complaint: Complaint) -> bool:
    """Tell whether open nonconformities could make a difference, so that they must be read and kept from changing."""
    return not _is_past(policy, complaint) and policy.rule_for(complaint).result is not Result.DECLINE


def judge(policy: TriagePolicy, complaint: Complaint, nearby: Sequence[Nonconformity]) -> Verdict:
    """Decide about a complaint, given the open nonconformities of its product and category with an anchor nearby."""
    if _is_past(policy, complaint):
        explanation = (
            f"Complaint {complaint.number} was imported as historical, and nobody is mailed about the past."
        )
        return Verdict(Outcome.DECLINED, HISTORICAL, HISTORICAL, explanation)
    rule = policy.rule_for(complaint)
    match rule.result:
        case Result.DECLINE:
            return Verdict(
                Outcome.DECLINED, rule.name, rule.reason, f"{_heard(complaint, rule)} {rule.explanation}"
            )
        case Result.LINK | Result.RAISE:
            target = _nearest(policy, complaint, nearby)
            return (
                _raised_or_declined(policy, complaint, rule)
                if target is None
                else _linked(policy, complaint, rule, target)
            )
        case never:
            assert_never(never)


def judge_confirmed(complaint: Complaint, number: str, why: str, target: Nonconformity | None) -> Verdict:
    """Decide about a complaint that is evidence of a confirmed signal: it goes to this nonconformity, else to a new one."""
    said = f"Signal {number} was confirmed{f': {why}' if why else '.'}"
    if target is None:
        explanation = f"{said} Complaint {complaint.number} is the gravest of its evidence."
        return Verdict(Outcome.RAISED, SIGNAL, SIGNAL, explanation, signal=number)
    explanation = f"{said} Nonconformity {target.number} is open for the same product and category."
    return Verdict(Outcome.LINKED, SIGNAL, OPEN_NONCONFORMITY, explanation, target)


def nearest_to(complaint: Complaint, nearby: Sequence[Nonconformity]) -> Nonconformity:
    """Give the nonconformity whose anchor is nearest; of two as near the one raised first, in whatever order they are read."""
    return min(
        nearby, key=lambda each: (abs(each.anchor_at - complaint.received_at), each.raised_at, each.id)
    )


def judge_again(complaint: Complaint, outcome: Outcome, target: Nonconformity) -> Verdict:
    """Decide about an assessed complaint that belongs to a nonconformity already: it stays there, as it came there.

    Where it is graver than the nonconformity, and that is open, the nonconformity takes its severity over.
    """
    graver = is_graver(complaint, target)
    stays = f"rises from {target.severity} to {complaint.severity}" if graver else f"stays {target.severity}"
    elsewhere = (
        ""
        if (target.product, target.category) == (complaint.product, complaint.category)
        else f" It was assessed as one of {complaint.product} / {complaint.category}; the link stays all the same."
    )
    explanation = (
        f"Complaint {complaint.number} was assessed as {complaint.severity}. It belongs to nonconformity {target.number}, "
        f"whose severity {stays}.{elsewhere}"
    )
    return Verdict(outcome, ASSESSMENT, SEVERITY_RAISED if graver else ASSESSMENT, explanation, target)


def is_graver(complaint: Complaint, target: Nonconformity) -> bool:
    """Tell whether a complaint raises the severity of the open nonconformity that it belongs to."""
    return target.state is State.OPEN and complaint.severity.rank > target.severity.rank


def _is_past(policy: TriagePolicy, complaint: Complaint) -> bool:
    return complaint.historical and not policy.triage_historical


def _nearest(
    policy: TriagePolicy, complaint: Complaint, nearby: Sequence[Nonconformity]
) -> Nonconformity | None:
    earliest, latest = policy.anchors_near(complaint.received_at)
    within = [each for each in nearby if earliest <= each.anchor_at <= latest]
    return nearest_to(complaint, within) if within else None


def _linked(policy: TriagePolicy, complaint: Complaint, rule: Rule, target: Nonconformity) -> Verdict:
    explanation = (
        f"{_heard(complaint, rule)} Nonconformity {target.number} is open for the same product and category, and its "
        f"first complaint was received on {_date(target.anchor_at)}, within {_days(policy.link_window)} "
        f"of this one ({_date(complaint.received_at)})."
    )
    return Verdict(Outcome.LINKED, rule.name, OPEN_NONCONFORMITY, explanation, target)


def _raised_or_declined(policy: TriagePolicy, complaint: Complaint, rule: Rule) -> Verdict:
    nothing_open = (
        f"No nonconformity is open for {complaint.product} / {complaint.category} whose first complaint was received "
        f"within {_days(policy.link_window)} of {_date(complaint.received_at)}."
    )
    explanation = f"{_heard(complaint, rule)} {nothing_open} {rule.explanation}"
    outcome = Outcome.RAISED if rule.result is Result.RAISE else Outcome.DECLINED
    return Verdict(outcome, rule.name, rule.reason, explanation)


def _heard(complaint: Complaint, rule: Rule) -> str:
    return f"Complaint {complaint.number} is of severity {complaint.severity}: rule {rule.name} decides."


def _date(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _days(window: timedelta) -> str:
    return f"{window / timedelta(days=1):g} days"
