"""The decision itself, without a database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from capa.domain.complaint import Complaint
from capa.domain.nonconformity import Nonconformity, raise_from
from capa.domain.policy import Result, Rule
from capa.domain.severity import Severity
from capa.domain.triage import Outcome, judge, may_link
from common.ids import new_id
from tests.capa.world import MONDAY, a_complaint, the_policy

POLICY = the_policy()
WINDOW = POLICY.link_window


def raised_from(complaint: Complaint, number: str = "NC-1001") -> Nonconformity:
    raised, _ = raise_from(complaint, nonconformity_id=new_id(), number=number, explanation="why", now=MONDAY)
    return raised


@pytest.mark.parametrize("severity", [Severity.MAJOR, Severity.CRITICAL])
def test_a_serious_complaint_without_an_open_nonconformity_raises_one(severity: Severity) -> None:
    verdict = judge(POLICY, a_complaint(severity), ())
    assert (verdict.outcome, verdict.rule, verdict.reason) == (
        Outcome.RAISED,
        "serious",
        "severity_major_or_higher",
    )


def test_a_minor_complaint_without_an_open_nonconformity_is_declined_with_an_explanation() -> None:
    verdict = judge(POLICY, a_complaint(Severity.MINOR), ())
    assert (verdict.outcome, verdict.reason) == (Outcome.DECLINED, "below_threshold")
    for part in ("C-10023", "minor", "credit-card / billing-dispute", "30 days", "2026-03-02"):
        assert part in verdict.explanation


@pytest.mark.parametrize("severity", list(Severity))
def test_a_complaint_of_any_severity_is_linked_to_the_open_nonconformity_nearby(severity: Severity) -> None:
    target = raised_from(a_complaint())
    verdict = judge(POLICY, a_complaint(severity), [target])
    assert (verdict.outcome, verdict.reason, verdict.target) == (
        Outcome.LINKED,
        "open_nonconformity",
        target,
    )
    assert "NC-1001" in verdict.explanation


@pytest.mark.parametrize("side", [-1, 1])
def test_the_link_window_reaches_both_ways_of_the_anchor_and_includes_its_ends(side: int) -> None:
    target = raised_from(a_complaint())
    at_end = a_complaint(received_at=MONDAY + side * WINDOW)
    beyond = a_complaint(received_at=MONDAY + side * (WINDOW + timedelta(microseconds=1)))
    outcomes = [judge(POLICY, complaint, [target]).outcome for complaint in (at_end, beyond)]
    assert outcomes == [Outcome.LINKED, Outcome.RAISED]


def test_of_several_nonconformities_in_reach_the_nearest_anchor_wins() -> None:
    far = raised_from(a_complaint(received_at=MONDAY - timedelta(days=20)), "NC-1001")
    near = raised_from(a_complaint(received_at=MONDAY + timedelta(days=10)), "NC-1002")
    verdicts = [judge(POLICY, a_complaint(), order) for order in ([far, near], [near, far])]
    assert [verdict.target for verdict in verdicts] == [near, near]


def test_a_historical_complaint_is_declined_before_any_rule() -> None:
    complaint = a_complaint(Severity.CRITICAL, historical=True)
    verdict = judge(POLICY, complaint, [raised_from(a_complaint())])
    assert (verdict.outcome, verdict.reason, may_link(POLICY, complaint)) == (
        Outcome.DECLINED,
        "historical",
        False,
    )


def test_a_policy_may_triage_historical_complaints_like_all_others() -> None:
    policy = replace(POLICY, triage_historical=True)
    verdict = judge(policy, a_complaint(historical=True), ())
    assert verdict.outcome is Outcome.RAISED


def test_the_first_rule_that_matches_severity_product_category_channel_and_site_decides() -> None:
    narrow = Rule(
        name="narrow",
        result=Result.DECLINE,
        reason="handled_elsewhere",
        explanation="The card desk handles these.",
        severity_at_least=Severity.MAJOR,
        product="credit-*",
        category="billing-?ispute",
        channel="phone",
        site="plant-*",
    )
    policy = replace(POLICY, rules=(narrow, *POLICY.rules))
    others = (
        a_complaint(Severity.MINOR, site="plant-1"),
        a_complaint(product="mortgage", site="plant-1"),
        a_complaint(category="fees", site="plant-1"),
        a_complaint(channel="web", site="plant-1"),
        a_complaint(site="branch-1"),
        a_complaint(),
    )
    assert policy.rule_for(a_complaint(site="plant-1")).name == "narrow"
    assert all(policy.rule_for(other).name != "narrow" for other in others)


def test_a_rule_that_declines_never_links_and_gives_its_reason() -> None:
    rule = replace(POLICY.rules[-1], result=Result.DECLINE, reason="not_ours", explanation="Not ours.")
    policy = replace(POLICY, rules=(rule,))
    verdict = judge(policy, a_complaint(), [raised_from(a_complaint())])
    assert (verdict.outcome, verdict.reason) == (Outcome.DECLINED, "not_ours")
    assert verdict.explanation.endswith("Not ours.")


@pytest.mark.parametrize(
    ("product", "owner"),
    [
        ("credit-card-or-prepaid-card", "credit.team"),
        ("credit-reporting-credit-repair-services-or-other-personal-consumer-reports", "credit.team"),
        ("debt-collection", "debt.team"),
        ("payday-loan-title-loan-or-personal-loan", "lending.team"),
        ("mortgage", "lending.team"),
        ("checking-or-savings-account", "payments.team"),
        ("money-transfer-virtual-currency-or-money-service", "payments.team"),
        ("garden-hose", "quality.desk"),
    ],
)
def test_the_policy_gives_each_product_to_its_team(product: str, owner: str) -> None:
    assert POLICY.assignment_for(product, "any").owner == owner
