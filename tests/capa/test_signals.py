"""Trend signals, evaluated from the ledger of complaints on a real database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from capa.db.figures import PostgresFigures
from capa.db.ledger import PostgresLedger
from capa.db.work import PostgresStartWork
from capa.domain.complaint import Complaint
from capa.domain.errors import NothingToRaiseFrom, ReasonMissing, SignalStepNotPossible
from capa.domain.groups import groups_of
from capa.domain.nonconformity import Origin
from capa.domain.severity import Severity
from capa.domain.signals.exposure import Exposure, Unit
from capa.domain.signals.periods import Length
from capa.domain.signals.signal import State
from capa.domain.signals.watch import Chart
from capa.jobs.gauges import OpenGauges
from capa.jobs.signals import KeepEvaluating
from capa.usecases.announce_again import AnnounceAgain
from capa.usecases.evaluate_signals import EvaluateSignals
from capa.usecases.ports import Amendment
from capa.usecases.report_exposure import ReportExposure
from chassis.database import open_engine
from events.again import Part, Place
from events.contracts.capa import (
    ActionAssignedV1,
    NonconformityRaisedV1,
    SignalClearedV1,
    SignalEvaluatedV1,
    SignalRaisedV1,
    TriageDecidedV1,
)
from events.contracts.words import SignalVerdict
from events.worker_metrics import WORKER
from quality.rules import Rule
from tests.capa.signal_world import (
    A_WINDOW,
    a_policy,
    a_watch,
    clear,
    confirm,
    dismiss,
    evaluate,
    in_month,
    month,
    on_record,
    raised,
    steady,
    take,
)
from tests.capa.world import MONDAY, World, a_complaint


def month_of_one() -> Complaint:
    (only,) = in_month(1, 1)
    return only


async def a_flood(world: World, number: int = 30) -> None:
    await take(world, [*steady(), *in_month(1, number)])


async def test_a_month_beyond_the_limit_raises_a_signal_with_its_chart_and_limits(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    episode = signal.episode
    assert (signal.number, signal.state, episode.rule) == ("S-1001", State.RAISED, "beyond_limit")
    assert (episode.product, episode.category) == ("credit-card", "billing-dispute")
    assert (episode.first_at, episode.last_at) == (
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert episode.complaints == 30
    evidence: Any = episode.evidence
    assert (evidence["chart"], evidence["limits"]["centre"]) == ("c", 10.0)
    last = evidence["points"][-1]
    assert (last["label"], last["value"], last["evidence"]) == ("2026-02-01", 30.0, True)
    assert last["upper"] == pytest.approx(10 + 3 * 10**0.5)
    (event,) = await world.announced()
    assert isinstance(event.data, SignalRaisedV1)
    assert (event.data.number, event.data.complaints, event.data.category) == (
        "S-1001",
        30,
        "billing-dispute",
    )


async def test_steady_complaints_raise_nothing(world: World) -> None:
    await take(world, [*steady(), *in_month(1, 12)])
    assert await raised(world) == []


async def test_a_period_that_is_not_over_is_never_tested(world: World) -> None:
    await take(world, [*steady(until=1), *in_month(0, 40)])
    assert await raised(world) == []


async def test_fewer_complaints_are_good_news_and_raise_nothing(world: World) -> None:
    await take(world, steady())  # and none in February
    assert await raised(world) == []


async def test_a_signal_is_raised_once_however_often_it_is_looked_for(world: World) -> None:
    await a_flood(world)
    assert len(await raised(world)) == 1
    assert await raised(world) == []
    world.clock.forward(days=10)
    assert await raised(world) == []
    assert len(await on_record(world)) == 1


async def test_a_replay_of_every_complaint_inflates_nothing(world: World) -> None:
    complaints = [*steady(), *in_month(1, 18)]
    await take(world, complaints)
    await take(world, complaints)
    await take(world, complaints)
    assert await raised(world) == []
    assert await world.number_of("complaint") == len(complaints)


async def test_what_a_source_corrects_is_counted_where_it_belongs(world: World) -> None:
    flood = in_month(1, 30)
    await take(world, [*steady(), *flood])
    async with world.start_work() as work:
        for each in flood[:20]:
            await work.triage.amend(Amendment(each.id, 2, each.severity, each.product, "fees"))
    assert await raised(world) == []


async def test_only_what_is_fresh_raises_a_signal(world: World) -> None:
    await take(
        world, [*steady(until=5), *in_month(4, 40), *in_month(3, 10), *in_month(2, 9), *in_month(1, 10)]
    )
    assert await raised(world) == []


async def test_a_baseline_is_frozen_once_and_late_complaints_do_not_move_it(world: World) -> None:
    await a_flood(world)
    await raised(world)
    before = await world.run("SELECT limits, frozen_at FROM chart_limits")
    await take(world, in_month(22, 40))
    world.clock.forward(hours=1)
    await raised(world)
    assert await world.run("SELECT limits, frozen_at FROM chart_limits") == before
    assert len(before) == 1


async def test_a_baseline_that_is_still_being_filled_is_not_frozen(world: World) -> None:
    await a_flood(world)
    policy = replace(a_policy(), settle=timedelta(hours=1))
    assert await raised(world, policy) == []
    assert await world.number_of("chart_limits") == 0
    world.clock.forward(hours=1)
    assert len(await raised(world, policy)) == 1


async def test_too_few_periods_make_no_chart(world: World) -> None:
    await take(world, [*steady(months=15), *in_month(1, 40)])
    assert await raised(world) == []
    assert await world.number_of("chart_limits") == 0


async def test_another_definition_of_a_watch_gets_limits_of_its_own(world: World) -> None:
    await a_flood(world)
    await raised(world)
    await raised(world, a_policy(a_watch(chart=Chart.C)))
    assert await world.number_of("chart_limits") == 2


async def test_nine_months_on_the_worse_side_are_a_run(world: World) -> None:
    worse = [each for back in range(9, 0, -1) for each in in_month(back, 13)]
    await take(world, [*steady(months=34, until=10), *worse])
    (signal,) = await raised(world)
    assert signal.episode.rule == "run"
    assert signal.episode.complaints == 9 * 13
    assert signal.episode.first_at == datetime(2025, 6, 1, tzinfo=UTC)


async def test_rates_are_counted_against_the_units_that_were_sold(world: World) -> None:
    """Three times the complaints from three times the units are no trend; from the same units they are."""
    await a_flood(world)
    policy = a_policy(a_watch(exposure="sold"))
    report = ReportExposure(world.start_work)
    await report([_sold(back, 100_000) for back in range(32, 1, -1)] + [_sold(1, 300_000)])
    assert await raised(world, policy) == []
    assert [row.kind for row in await world.run("SELECT kind FROM chart_limits")] == ["u"]
    await report([_sold(1, 100_000)])
    (signal,) = await raised(world, policy)
    evidence: Any = signal.episode.evidence
    assert evidence["limits"]["centre"] == pytest.approx(1e-4)
    assert evidence["points"][-1]["upper"] == pytest.approx(1e-4 + 3 * (1e-4 / 1e5) ** 0.5)


async def test_a_period_without_its_units_is_left_out(world: World) -> None:
    await a_flood(world)
    await ReportExposure(world.start_work)([_sold(back, 100_000) for back in range(32, 1, -1)])
    assert await raised(world, a_policy(a_watch(exposure="sold"))) == []


async def test_counts_that_vary_more_than_chance_get_laneys_limits(world: World) -> None:
    await take(world, [*steady((3, 22, 9, 30, 4, 17)), *in_month(1, 31)])
    assert await raised(world) == []
    assert [row.kind for row in await world.run("SELECT kind FROM chart_limits")] == ["laney_u"]


async def test_rare_complaints_are_charted_by_the_days_between_them(world: World) -> None:
    await take(world, [*steady((1,), months=32), a_complaint(Severity.MINOR, received_at=month(1, 3))])
    assert await raised(world) == []
    assert [row.kind for row in await world.run("SELECT kind FROM chart_limits")] == ["g"]


async def test_rare_complaints_that_come_on_one_day_raise_a_signal(world: World) -> None:
    same_day = [
        a_complaint(Severity.MINOR, received_at=month(1, 3) + timedelta(hours=nth)) for nth in range(4)
    ]
    await take(world, [*steady((1,), months=32), *same_day])
    (signal,) = await raised(world)
    assert signal.episode.rule == "zeros"


async def test_three_grave_ones_in_a_week_raise_a_signal_without_any_baseline(world: World) -> None:
    grave = [
        a_complaint(Severity.CRITICAL, received_at=MONDAY - timedelta(days=nth), historical=True)
        for nth in range(3)
    ]
    policy = a_policy(a_watch(windows=(A_WINDOW,)))
    await take(world, grave[:2])
    assert await raised(world, policy) == []
    await take(world, grave[2:])
    (signal,) = await raised(world, policy)
    assert (signal.episode.rule, signal.episode.severity) == ("window_3_in_7d", Severity.CRITICAL)
    assert await raised(world, policy) == []


async def test_categories_of_a_product_can_be_watched_together(world: World) -> None:
    half = [replace(each, category="fees") for each in in_month(1, 15)]
    await take(world, [*steady(), *in_month(1, 15), *half])
    assert await raised(world) == []
    (signal,) = await raised(world, a_policy(a_watch(name="product", by_category=False)))
    assert (signal.episode.category, signal.episode.complaints) == ("*", 30)
    confirmed = await confirm(world, signal)
    value = (await world.records.nonconformity(confirmed.nonconformity_id or signal.id)).nonconformity
    assert value.complaints == 15  # those of its own category


async def test_a_confirmed_signal_raises_a_nonconformity_with_an_action(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    await world.run("DELETE FROM outbox")
    confirmed = await confirm(world, signal, "the new fee table")
    assert (confirmed.state, confirmed.version) == (State.CONFIRMED, 2)
    events = await world.announced()
    assert [type(event.data) for event in events][:2] == [TriageDecidedV1, NonconformityRaisedV1]
    assert any(isinstance(event.data, ActionAssignedV1) for event in events)
    told = events[-1].data
    assert isinstance(told, SignalEvaluatedV1)
    assert (told.verdict, told.nonconformity_id) == (SignalVerdict.CONFIRMED, confirmed.nonconformity_id)
    decided = events[0].data
    assert isinstance(decided, TriageDecidedV1)
    assert decided.explanation.startswith("Signal S-1001 was confirmed: the new fee table")
    rows = await world.run("SELECT trigger, outcome, ordinal FROM triage_decision WHERE ordinal > 1")
    decisions = sorted(tuple(row) for row in rows)
    assert decisions == [("signal", "linked", 2)] * 29 + [("signal", "raised", 2)]
    view = await world.records.nonconformity(confirmed.nonconformity_id or signal.id)
    assert len(view.actions) == 1


async def test_the_nonconformity_of_a_signal_has_it_as_its_origin_and_its_evidence_as_complaints(
    world: World,
) -> None:
    graver = replace(month_of_one(), severity=Severity.MAJOR)
    await take(world, [*steady(), *in_month(1, 29), graver])
    await world.run("DELETE FROM nonconformity_complaint")
    await world.run("UPDATE nonconformity SET state = 'closed'")
    (signal,) = await raised(world)
    confirmed = await confirm(world, signal)
    assert confirmed.nonconformity_id is not None
    value = (await world.records.nonconformity(confirmed.nonconformity_id)).nonconformity
    assert (value.origin, value.origin_reference, value.origin_complaint_id) == (
        Origin.SIGNAL,
        "S-1001",
        None,
    )
    assert (value.complaints, value.severity) == (30, Severity.MAJOR)
    newest = a_complaint(Severity.MAJOR, received_at=month(1, 27))
    await take(world, [newest])
    assert (await world.records.nonconformity(value.id)).nonconformity.complaints == 31


async def test_a_confirmed_signal_joins_a_nonconformity_that_is_open(world: World) -> None:
    await take(world, [*steady(), a_complaint(received_at=month(1, 2)), *in_month(1, 30)])
    (signal,) = await raised(world)
    before = await world.number_of("nonconformity")
    confirmed = await confirm(world, signal)
    assert await world.number_of("nonconformity") == before == 1
    assert confirmed.nonconformity_id is not None
    # The newest complaint of the evidence belongs to it already, so that nothing else is decided.
    assert await world.run("SELECT 1 FROM triage_decision WHERE ordinal > 1") == []


async def test_what_was_dismissed_is_not_raised_again_on_the_same_evidence(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    dismissed = await dismiss(world, signal)
    assert dismissed.state is State.DISMISSED
    assert await raised(world) == []
    await take(world, in_month(0, 35))
    world.clock.forward(days=31)
    (again,) = await raised(world)
    assert again.episode.first_at == datetime(2026, 3, 1, tzinfo=UTC)


async def test_a_confirmed_signal_stays_latched_until_it_is_cleared(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    confirmed = await confirm(world, signal)
    await take(world, in_month(0, 35))
    world.clock.forward(days=31)
    assert await raised(world) == []
    cleared = await clear(world, confirmed)
    assert cleared.state is State.CLEARED
    assert len(await raised(world)) == 1


async def test_a_new_phase_freezes_limits_anew_and_tests_nothing_until_then(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    await clear(world, await confirm(world, signal), new_phase_from=date(2026, 2, 10))
    told = (await world.announced())[-1].data
    assert isinstance(told, SignalClearedV1)
    assert told.phase_begins_at == datetime(2026, 2, 1, tzinfo=UTC)
    level = [each for back in range(0, -21, -1) for each in in_month(back, 28 + back % 5)]
    await take(world, level)
    world.clock.forward(days=31 * 21)
    assert await raised(world) == []
    rows = await world.run("SELECT phase, limits->>'centre' AS centre FROM chart_limits ORDER BY phase")
    assert [row.phase for row in rows] == [1, 2]
    assert float(rows[1].centre) > 25


async def test_steps_follow_the_state_and_need_a_reason(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    with pytest.raises(SignalStepNotPossible, match="confirm, dismiss"):
        await clear(world, signal)
    with pytest.raises(ReasonMissing):
        await dismiss(world, signal, " ")
    await dismiss(world, signal)
    with pytest.raises(SignalStepNotPossible, match="none"):
        await confirm(world, signal)


async def test_where_the_evidence_was_corrected_away_a_signal_is_not_confirmed(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    await world.run("UPDATE complaint SET category = 'fees', version = 2")
    with pytest.raises(NothingToRaiseFrom, match="Dismiss it"):
        await confirm(world, signal)


async def test_a_signal_is_told_again_as_it_stands(world: World) -> None:
    await a_flood(world)
    (signal,) = await raised(world)
    await clear(world, await confirm(world, signal, "the new fee table"))
    told = [event for event in await world.announced() if event.subject == str(signal.id)]
    announce = AnnounceAgain(world.start_work, world.clock, world.announcer, world.core.case_announcer)
    part = Part(place=Place("signals"), since=world.clock(), records=10, dry_run=True)
    again = (await announce(part)).events
    assert [(event.data, event.version) for event in again] == [(event.data, event.version) for event in told]
    world.clock.forward(days=1)
    assert (await announce(replace(part, since=world.clock()))).events == []


async def test_several_workers_take_turns(world: World) -> None:
    await a_flood(world)
    look = evaluate(world)
    assert await look(every=timedelta(minutes=15)) is not None
    assert await look(every=timedelta(minutes=15)) is None
    world.clock.forward(minutes=15)
    assert await look(every=timedelta(minutes=15)) == []


async def test_the_worker_evaluates_counts_and_goes_on_while_the_database_is_away(world: World) -> None:
    await a_flood(world)
    groups = groups_of(world.policy)
    keep = KeepEvaluating(evaluate(world), groups, world.clock)
    keep.prepare()
    labels = {"product": groups.of_product("credit-card")}

    def value(name: str, **labels: str) -> float:
        return WORKER.registry.get_sample_value(name, labels) or 0.0

    before = value("signals_raised_total", **labels)
    show = OpenGauges(PostgresFigures(world.engine), groups, world.clock)
    await keep.once()
    await keep.once()
    await show()
    assert value("signals_raised_total", **labels) - before == 1
    assert value("signals_open", state="raised") == 1
    assert value("signals_evaluated_timestamp_seconds") == world.clock().timestamp()
    engine = open_engine(
        "postgresql://nobody@127.0.0.1:1/none", name="away", pool_size=1, pool_timeout_seconds=1
    )
    look = EvaluateSignals(
        PostgresStartWork(engine, world.clock), world.clock, a_policy(), PostgresLedger(engine)
    )
    await KeepEvaluating(look, groups, world.clock).once()
    await engine.dispose()


async def test_weeks_begin_on_monday_where_the_policy_says(world: World) -> None:
    """Thirty complaints from Sunday 23:30 UTC on, which is Monday in Berlin, fall into one week there."""
    policy = a_policy(a_watch(period=Length.WEEK))
    weeks = [
        a_complaint(Severity.MINOR, received_at=MONDAY - timedelta(days=7 * back, hours=nth))
        for back in range(2, 30)
        for nth in range(9 + back % 3)
    ]
    flood = [
        a_complaint(
            Severity.MINOR, received_at=datetime(2026, 2, 22, 23, 30, tzinfo=UTC) + timedelta(minutes=nth)
        )
        for nth in range(40)
    ]
    await take(world, [*weeks, *flood])
    (signal,) = await raised(world, replace(policy, zone=ZoneInfo("Europe/Berlin")))
    assert signal.episode.first_at == datetime(2026, 2, 22, 23, tzinfo=UTC)


def _sold(back: int, units: int) -> Exposure:
    first, then = month(back).date(), month(back - 1).date()
    return Exposure(
        product="credit-card",
        unit=Unit.SOLD,
        first_day=first,
        next_day=then,
        units=units,
        actor="person:anna",
        reported_at=MONDAY,
    )


def test_the_rules_of_a_watch_are_those_that_apply_to_counts() -> None:
    assert {rule.value for rule in Rule} == {"beyond_limit", "run", "trend", "alternating", "zeros"}
