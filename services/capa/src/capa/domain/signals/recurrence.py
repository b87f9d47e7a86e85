"""Whether the trouble of a closed case came back: by the test of its plan, or by so many complaints in so short a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from capa.domain.case.case import Case
from capa.domain.case.values import EffectPlan, Proposal
from capa.domain.risk import RecurrenceRule
from capa.domain.signals.evidence import Came, of_windows, worst
from capa.domain.signals.signal import RECURRENCE, Episode
from capa.domain.signals.watch import ALL
from quality.effectiveness import Effectiveness, Observed, Plan, Result, decide
from quality.indicators import Span

WATCH: Final = "closed-cases"
"""Stands where other signals name their watch; no watch of the policy has this name."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A closed case, and since when its complaints count: its closing, or the end of what was dismissed."""

    case: Case
    closed_at: datetime
    since: datetime


def is_tested(plan: EffectPlan | None) -> bool:
    """Tell whether the complaints on record can be put to the test of the plan."""
    return plan is not None and plan.source == "complaints" and plan.baseline_events > 0


def span_to_judge(rule: RecurrenceRule, watched: Watched, now: datetime) -> Span | None:
    """Give the span until the last time at which the test is due; None before the first.

    The times are fixed by the closing, so that looking more often finds nothing more.
    """
    passed = min((now - watched.closed_at) // rule.every, rule.looks)
    ends_at = watched.closed_at + passed * rule.every
    return Span(watched.since, ends_at) if ends_at > watched.since else None


def by_test(
    rule: RecurrenceRule, watched: Watched, span: Span, came: Sequence[Came], exposure: float
) -> Episode | None:
    """Put the complaints of a span to the test of the plan; None unless it says that the effect is not there.

    All looks at a case share the plan's level of significance, since whoever looks often enough finds anything.
    """
    plan = watched.case.effect_plan
    if plan is None or exposure <= 0:
        return None
    within = [each for each in came if span.begins_at < each.at <= span.ends_at]
    level = plan.significance / rule.looks
    found = decide(
        Plan(
            baseline=plan.baseline_events,
            baseline_exposure=plan.baseline_exposure,
            reduction=plan.reduction,
            alpha=level,
        ),
        Observed(count=len(within), exposure=exposure),
    )
    if found.result is not Result.INEFFECTIVE:
        return None
    explanation = (
        f"{_closed(watched)} Since {span.begins_at:%Y-%m-%d} the test of its plan, taken {rule.looks} times at level "
        f"{level:.3g}, finds it ineffective. {found.steps[0].text} {found.steps[-1].text}"
    )
    return Episode(
        watch=WATCH,
        product=watched.case.product,
        category=watched.case.category,
        rule=RECURRENCE,
        first_at=span.begins_at,
        last_at=span.ends_at,
        complaints=len(within),
        severity=worst(within),
        explanation=explanation,
        phase=None,
        evidence=_chart(rule, watched, span, within, exposure=exposure, found=found),
        case_id=watched.case.id,
        proposal=_proposal(rule, watched, span.ends_at),
    )


def by_windows(rule: RecurrenceRule, watched: Watched, came: Sequence[Came]) -> Episode | None:
    """Find so many complaints in so short a time, the newest such time; `came` is in the order of time."""
    case = watched.case
    after = [each for each in came if watched.since < each.at <= watched.closed_at + rule.watch]
    found = [
        episode
        for window in rule.windows
        for episode in of_windows(WATCH, (case.product, case.category, ALL), window, after)
    ]
    if not found:
        return None
    last = max(found, key=lambda each: each.last_at)
    return replace(
        last,
        rule=RECURRENCE,
        explanation=f"{_closed(watched)} {last.explanation}",
        case_id=case.id,
        proposal=_proposal(rule, watched, last.last_at),
    )


def _proposal(rule: RecurrenceRule, watched: Watched, at: datetime) -> Proposal:
    return Proposal.REOPEN if at - watched.closed_at <= rule.reopen else Proposal.SUCCESSOR


def _closed(watched: Watched) -> str:
    return f"Case {watched.case.number} was closed as effective on {watched.closed_at:%Y-%m-%d}."


def _chart(
    rule: RecurrenceRule,
    watched: Watched,
    span: Span,
    within: Sequence[Came],
    *,
    exposure: float,
    found: Effectiveness,
) -> dict[str, object]:
    """Draw how complaints added up beside what the promised rate would have brought by then."""
    plan = watched.case.effect_plan
    if plan is None:
        raise ValueError(f"{watched.case.number} has no plan for the effect")
    promised = found.rate_before * (1 - plan.reduction) * exposure
    ends = [
        end
        for nth in range(1, rule.looks + 1)
        if span.begins_at < (end := watched.closed_at + nth * rule.every) <= span.ends_at
    ]
    whole = span.ends_at - span.begins_at
    points = [
        {
            "label": f"{end:%Y-%m-%d}",
            "from": span.begins_at.isoformat(),
            "to": end.isoformat(),
            "count": (count := sum(each.at <= end for each in within)),
            "exposure": exposure if end == span.ends_at else None,
            "value": float(count),
            "centre": promised * ((end - span.begins_at) / whole),
            "lower": None,
            "upper": None,
            "z": None,
            "evidence": end == span.ends_at,
        }
        for end in ends
    ]
    return {
        "chart": RECURRENCE,
        "unit": "complaints added up since the closing; the centre line is what the promised rate would bring",
        "phase": None,
        "limits": {
            "baseline": plan.baseline_events,
            "baseline_exposure": plan.baseline_exposure,
            "exposure_unit": plan.exposure_unit,
            "reduction": plan.reduction,
            "looks": rule.looks,
            "alpha": plan.significance / rule.looks,
            "refuting": found.refuting,
            "ratio": found.ratio,
        },
        "points": points,
    }
