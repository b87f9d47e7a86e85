"""Profiles and policies as files: what is shipped is worked through, and what is wrong is refused with its place and fix."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.settings import CannotStart
from intake.clock_files import read_clock_policy, read_profile
from intake.domain.clocks.clock import ClockState
from intake.domain.clocks.happening import Happening, Reportability
from intake.domain.clocks.rule import Kind, rule_of
from intake.domain.complaint import Severity
from tests.intake.clocks.timing import CONFIG, NOON, Timed, a_situation, policy_file, policy_for
from tests.worktime.samples import shipped

EXAMPLES: list[dict[str, Any]] = tomllib.loads(
    (CONFIG.parent / "docs" / "deadlines.toml").read_text("utf-8")
)["deadlines"]
WORKED = {example["clock"]: example for example in EXAMPLES if "clock" in example}
PROFILES = {
    path.stem: read_profile(
        path, {each.stem: shipped(each.stem) for each in (CONFIG / "calendars").glob("*.toml")}
    )
    for path in sorted((CONFIG / "clocks").glob("*.toml"))
}
CLOCKS = {f"{name}/{rule.name}": rule for name, profile in PROFILES.items() for rule in profile.rules}


def test_every_clock_of_every_profile_has_a_worked_deadline_of_its_own() -> None:
    assert set(WORKED) == {name for name in CLOCKS if not name.startswith("demo/")}


@pytest.mark.parametrize("name", sorted(WORKED))
def test_a_worked_deadline_counts_as_its_clock_does(name: str) -> None:
    rule, example = CLOCKS[name], WORKED[name]
    assert (dict(rule.term), rule.calendar) == (example["term"], example["calendar"])


def test_every_extension_has_a_worked_deadline_of_its_own() -> None:
    worked = {each["extends"]: (each["term"], each["calendar"]) for each in EXAMPLES if "extends" in each}
    assert worked == {
        name: (dict(rule.extension.term), rule.calendar)
        for name, rule in CLOCKS.items()
        if rule.extension is not None
    }


def test_no_regulatory_clock_pauses_rolls_or_ends_with_the_complaint() -> None:
    regulatory = [rule for rule in CLOCKS.values() if rule.kind is Kind.REGULATORY]
    assert regulatory
    for rule in regulatory:
        assert (rule.pauses, rule.stopped_by, set(rule.term)) == (False, frozenset(), {"limit"})


def test_a_payment_complaint_has_15_business_days_and_no_eight_weeks(tmp_path: Path) -> None:
    policy = policy_for("financial-services", folder=tmp_path)
    paid = Timed(policy, a_situation(product="money-transfer")).begin()
    other = Timed(policy, a_situation(product="mortgage")).begin()
    assert ("payment-response" in paid.names, "final-response" in paid.names) == (True, False)
    assert ("payment-response" in other.names, "final-response" in other.names) == (False, True)


RECEIVED = datetime(2026, 3, 16, 10, tzinfo=UTC)
FIRST, LAST = datetime(2026, 4, 9, 16, 30, tzinfo=UTC), datetime(2026, 5, 8, 16, 30, tzinfo=UTC)
HELD = datetime(2026, 4, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "promised", "due"),
    [
        (HELD, LAST - timedelta(days=9), LAST - timedelta(days=9)),
        (HELD, LAST, LAST),
        (HELD, LAST + timedelta(days=1), LAST),
        (HELD, FIRST - timedelta(hours=5), FIRST),
        (FIRST, LAST, LAST),
        (FIRST + timedelta(seconds=1), LAST, FIRST),
    ],
)
def test_a_holding_reply_in_time_gives_what_it_promises_up_to_35_business_days(
    tmp_path: Path, sent: datetime, promised: datetime, due: datetime
) -> None:
    moments = {Happening.RECEIVED: RECEIVED, Happening.AWARE: RECEIVED}
    policy = policy_for("financial-services", folder=tmp_path)
    paid = Timed(policy, a_situation(product="payment-app", moments=moments)).begin(RECEIVED)
    before = paid.the("payment-response")
    assert before.due_at == FIRST
    paid.happens(Happening.CUSTOMER_UPDATED, sent)
    assert paid.the("payment-response") == before

    paid.happens(Happening.HOLDING_REPLY, sent, promised_at=promised)

    after = paid.the("payment-response")
    assert (after.due_at, after.original_due_at) == (due, FIRST)
    assert (after.generation > before.generation) == (sent <= FIRST)
    assert ("extension" in after.explanation) == (sent <= FIRST)
    assert rule_of(after.name, after.rule.as_data()) == after.rule
    paid.happens(Happening.RESPONDED, due)
    assert paid.the("payment-response").state is ClockState.MET


def test_a_later_holding_reply_promises_anew_and_a_corrected_receipt_is_counted_with_it(
    tmp_path: Path,
) -> None:
    moments = {Happening.RECEIVED: RECEIVED, Happening.AWARE: RECEIVED}
    policy = policy_for("financial-services", folder=tmp_path)
    paid = Timed(policy, a_situation(product="payment-app", moments=moments)).begin(RECEIVED)
    paid.happens(Happening.HOLDING_REPLY, HELD, promised_at=LAST - timedelta(days=9))
    paid.happens(Happening.HOLDING_REPLY, FIRST, promised_at=LAST + timedelta(days=9))
    assert paid.the("payment-response").due_at == LAST
    earlier = {**paid.situation.moments, Happening.RECEIVED: RECEIVED - timedelta(days=7)}
    paid.situation = replace(paid.situation, moments=earlier)
    paid.happens(Happening.AMENDED, FIRST + timedelta(days=1))
    assert paid.the("payment-response").due_at == datetime(2026, 4, 30, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "clock"),
    [
        ({"severity": Severity.MAJOR}, "serious-incident"),
        ({"severity": Severity.CRITICAL}, "death-or-deterioration"),
        ({"severity": Severity.MAJOR, "category": "public-health-threat"}, "public-health-threat"),
    ],
)
def test_a_reportable_incident_has_the_one_clock_of_article_87_that_fits(
    tmp_path: Path, known: dict[str, Any], clock: str
) -> None:
    policy = policy_for("generic", "medical-device-eu", folder=tmp_path)
    for reportability in (Reportability.YES, Reportability.UNDETERMINED):
        timed = Timed(policy).begin()
        timed.happens(Happening.ASSESSED, NOON, reportability=reportability, **known)
        running = {name for (name, _), each in timed.clocks.items() if each.rule.kind is Kind.REGULATORY}
        assert running == {clock}
        timed.happens(Happening.ASSESSED, NOON, reportability=Reportability.NO, **known)
        assert timed.the(clock).state is ClockState.VOIDED


def test_a_possible_health_effect_is_handed_over_on_the_day_of_its_classification(tmp_path: Path) -> None:
    timed = Timed(policy_for("medical-device-eu", folder=tmp_path)).begin()
    timed.happens(Happening.ASSESSED, NOON, safety=True)
    assert timed.the("health-effect").is_open
    timed.happens(Happening.OWNER_ASSIGNED, NOON, owner="prrc")
    assert timed.the("health-effect").state is ClockState.MET


def test_the_policy_chooses_profiles_by_product_and_source_system(tmp_path: Path) -> None:
    file = tmp_path / "clocks.toml"
    file.write_text(
        """
        version = "1"
        default_profiles = ["generic"]
        [[choices]]
        product = "pump*"
        profiles = ["generic", "medical-device-us"]
        [[choices]]
        source_system = "bank"
        profiles = ["financial-services"]
        [[assignments]]
        product = "pump*"
        owner = "pump.team"
        ladder = "reminding"
        [default_assignment]
        team = "quality"
        """
    )
    policy = read_clock_policy(file, CONFIG)
    pump = a_situation(product="pump-3")
    assert {each.policy_version for each in policy.rules_for(pump)} == {"generic:1", "medical-device-us:1"}
    assert {each.policy_version for each in policy.rules_for(a_situation(source_system="bank"))} == {
        "financial-services:2"
    }
    assert {each.policy_version for each in policy.rules_for(a_situation())} == {"generic:1"}
    respond = policy.rules_for(pump)[0].rule
    assert policy.hands_for(respond, pump) == ("pump.team", None, "reminding")
    assert policy.hands_for(respond, a_situation()) == (None, "quality", None)


PROFILE = """
version = "1"
description = "A test."

[[clocks]]
name = "respond"
kind = "respond"
title = "Respond"
source = "a test"
start = "received"
term = { limit = "5wd" }
"""


@pytest.mark.parametrize(
    ("wrong", "instead", "said"),
    [
        ('limit = "5wd"', 'limit = "5 days"', "clocks.1 (respond): term: limit:"),
        ('limit = "5wd"', 'limit = "5wd", rolls = "none"', "clocks.1 (respond): term: unknown: rolls"),
        ('kind = "respond"', 'kind = "answer"', "clocks.1.kind: Input should be 'acknowledge'"),
        ('start = "received"', 'start = "noon"', "clocks.1.start: Input should be 'received'"),
        ('source = "a test"', "", "clocks.1.source: Field required"),
        (
            'title = "Respond"',
            'title = "Respond"\ncalendar = "mars"',
            "clocks.1 (respond): there is no calendar 'mars'; known: ",
        ),
        (
            'kind = "respond"',
            'kind = "regulatory"\npauses = true',
            "a regulatory clock never pauses: take pauses away",
        ),
        ('title = "Respond"', 'title = "Respond"\nrestarted_by = ["closed"]', "closed begins no new run"),
        (
            'title = "Respond"',
            'title = "Respond"\nmet_by = ["closed"]\nstopped_by = ["closed"]',
            "closed cannot both meet and stop it",
        ),
        (
            'title = "Respond"',
            'title = "Respond"\nwhen = { severity = "major" }',
            "clocks.1.when.severity: Extra inputs",
        ),
        (
            'limit = "5wd" }',
            'limit = "5wd" }\n[clocks.extension]\nby = ["holding_reply"]\nsource = "s"\nterm = { limit = "5wd" }',
            "clocks.1 (respond): extension.term: gives no more time than term",
        ),
        ('version = "1"', "", "version: Field required"),
        ("version", "version =", "is no TOML"),
    ],
)
def test_a_profile_that_is_wrong_is_refused_with_file_field_and_fix(
    tmp_path: Path, wrong: str, instead: str, said: str
) -> None:
    file = tmp_path / "promise.toml"
    file.write_text(PROFILE.replace(wrong, instead, 1))
    with pytest.raises(CannotStart) as refused:
        read_profile(file, {"default": shipped("default")})
    assert f"{file}" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("profiles", "said"),
    [
        (["no-such"], "default_profiles: there is no profile 'no-such' in clocks/; known: demo, eight-d"),
        (
            ["generic", "eight-d"],
            "default_profiles: generic and eight-d both have a clock 'acknowledge': choose one of them, or rename the clock",
        ),
    ],
)
def test_a_policy_that_names_profiles_that_do_not_fit_is_refused(
    tmp_path: Path, profiles: list[str], said: str
) -> None:
    with pytest.raises(CannotStart) as refused:
        read_clock_policy(policy_file(tmp_path, *profiles), CONFIG)
    assert said in str(refused.value)


def test_a_policy_needs_somebody_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "clocks.toml"
    file.write_text('version = "1"\ndefault_profiles = []\n[default_assignment]\n')
    with pytest.raises(CannotStart, match="name an owner, or at least a team"):
        read_clock_policy(file, CONFIG)


def test_the_shipped_policies_can_be_read() -> None:
    for name in ("clocks.toml", "clocks.demo.toml"):
        assert read_clock_policy(CONFIG / name, CONFIG).choices
