"""Trouble that comes back after its case was closed, found in the ledger of complaints on a real database."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from capa.db.case_records import PostgresCaseRecords
from capa.domain.case.case import Case
from capa.domain.case.case import State as CaseState
from capa.domain.case.values import EffectPlan, Proposal
from capa.domain.errors import SignalStepNotPossible, SpanInvalid
from capa.domain.groups import groups_of
from capa.domain.severity import Severity
from capa.domain.signals.signal import Signal, State
from capa.jobs.signals import KeepEvaluating
from capa.usecases import chronicle
from capa.usecases.announce_again import AnnounceAgain
from capa.usecases.confirm_signal import ConfirmSignal
from capa.usecases.step import Target
from capa.wiring import build_evaluate_signals
from common.ids import new_id
from events.again import Part, Place
from events.contracts.capa import SignalEvaluatedV1, SignalRaisedV1
from events.contracts.case import CaseRecurredV1, CaseReopenedV1, CaseRequestedV1
from events.contracts.deadline import DeadlineMetV1, DeadlineSetV1
from events.worker_metrics import WORKER
from tests.capa.cases import brought_to
from tests.capa.signal_world import clear, confirm, dismiss, on_record, take
from tests.capa.world import ANNA, MONDAY, SCOPES, World, a_complaint

COUNTED = EffectPlan(
    metric="wrong fees",
    exposure_unit="days",
    baseline_events=30,
    baseline_exposure=90.0,
    reduction=0.5,
    significance=0.05,
    start_delay_days=0,
    window_days=90,
    test="poisson_exact",
    source="complaints",
)
"""Ten in thirty days before the work, and five were promised."""

STEADY, TOO_MANY = 5, 20


async def a_closed_case(world: World, **changes: Any) -> Case:
    """A case that was closed on Monday as effective, written as it stands."""
    given = {
        "effect_plan": COUNTED,
        "category": "billing-dispute",
        "nonconformity_ids": (),
        "id": new_id(),
        "closed_at": MONDAY,
    }
    case = replace(brought_to(CaseState.CLOSED_EFFECTIVE).case, **{**given, **changes})
    async with world.start_work() as work:
        case = replace(case, number=await work.cases.next_number())
        await work.cases.add(case, chronicle.of_case(None, case, "requested", at=MONDAY, actor=ANNA.actor))
    return case


async def complain(world: World, number: int, *, after: float = 1, **changes: Any) -> None:
    """So many complaints, an hour apart, from so many days after the closing on."""
    begin = MONDAY + timedelta(days=after)
    await take(
        world,
        [a_complaint(received_at=begin + timedelta(hours=nth), **changes) for nth in range(number)],
    )


async def found(world: World) -> list[Signal]:
    return list(await build_evaluate_signals(world.core)() or ())


async def stands(world: World, case: Case) -> Case:
    return (await PostgresCaseRecords(world.engine).case(case.id)).case


async def recurred(world: World) -> tuple[Case, Signal]:
    """A case whose trouble came back in the first month."""
    case = await a_closed_case(world)
    await complain(world, TOO_MANY)
    world.clock.forward(days=31)
    (signal,) = await found(world)
    return case, signal


async def test_complaints_that_refute_the_plan_after_the_closing_are_told_once_and_noted_on_the_case(
    world: World,
) -> None:
    case, signal = await recurred(world)
    episode = signal.episode
    assert (episode.watch, episode.rule, episode.case_id) == ("closed-cases", "recurrence", case.id)
    assert (episode.proposal, episode.complaints) == (Proposal.REOPEN, TOO_MANY)
    assert (episode.first_at, episode.last_at) == (MONDAY, MONDAY + timedelta(days=30))
    noted = (await stands(world, case)).recurrences[0]
    assert (noted.signal_number, noted.complaints, noted.decision) == ("S-1001", TOO_MANY, None)
    told = [each.data for each in await world.announced()]
    assert [type(each) for each in told] == [SignalRaisedV1, CaseRecurredV1, DeadlineSetV1]
    assert (told[0].case_id, told[1].case_id, told[1].proposal) == (case.id, case.id, "reopen")
    assert (told[2].clock, told[2].owner) == ("screen", "quality.desk")
    history = await PostgresCaseRecords(world.engine).case_history(case.id, None, 10)
    assert [each.action for each in history.items] == ["requested", "recurred"]
    assert await found(world) == []
    world.clock.forward(days=30)
    assert await found(world) == []


async def test_as_many_complaints_as_were_promised_are_no_recurrence(world: World) -> None:
    await a_closed_case(world)
    await complain(world, STEADY)
    world.clock.forward(days=31)
    assert await found(world) == []


async def test_the_test_is_taken_at_times_that_the_closing_fixes_however_often_somebody_looks(
    world: World,
) -> None:
    await a_closed_case(world)
    await complain(world, TOO_MANY)
    world.clock.forward(days=29)
    assert await found(world) == []
    world.clock.forward(days=1)
    assert len(await found(world)) == 1


async def test_a_replay_of_complaints_makes_no_recurrence(world: World) -> None:
    await a_closed_case(world)
    few = [a_complaint(received_at=MONDAY + timedelta(days=1, hours=nth)) for nth in range(STEADY)]
    for _ in range(5):
        await take(world, few)
    world.clock.forward(days=31)
    assert await found(world) == []


async def test_what_comes_back_late_is_for_a_successor(world: World) -> None:
    case = await a_closed_case(world)
    await complain(world, 4 * TOO_MANY, after=92)
    world.clock.forward(days=121)
    (signal,) = await found(world)
    assert signal.episode.proposal is Proposal.SUCCESSOR
    await world.run("DELETE FROM outbox")
    confirmed = await confirm(world, signal, "the same table")
    (requested,) = [each.data for each in await world.announced() if isinstance(each.data, CaseRequestedV1)]
    assert (requested.case_id, requested.recurrence_of) == (confirmed.led_to, case.id)
    closed = await stands(world, case)
    assert (closed.state, closed.recurrences[0].led_to) == (CaseState.CLOSED_EFFECTIVE, requested.case_id)
    world.clock.forward(days=30)
    assert await found(world) == []  # somebody works on it


async def test_confirming_opens_the_case_again_in_a_new_round_and_nobody_is_reminded_any_more(
    world: World,
) -> None:
    case, signal = await recurred(world)
    await world.run("DELETE FROM outbox")
    confirmed = await confirm(world, signal, "the same table")
    opened = await stands(world, case)
    assert (confirmed.state, confirmed.led_to) == (State.CONFIRMED, case.id)
    assert (opened.state, opened.cycle) == (CaseState.INVESTIGATING, case.cycle + 1)
    assert (opened.recurrences[0].decision, opened.recurrences[0].decided_by) == ("confirmed", "person:anna")
    told = [each.data for each in await world.announced()]
    reopened = next(each for each in told if isinstance(each, CaseReopenedV1))
    assert reopened.reason == "Signal S-1001: the same table"
    assert any(isinstance(each, DeadlineMetV1) and each.clock == "screen" for each in told)
    evaluated = next(each for each in told if isinstance(each, SignalEvaluatedV1))
    assert (evaluated.case_id, evaluated.nonconformity_id) == (case.id, None)


async def test_whoever_confirms_may_choose_the_other_way(world: World) -> None:
    case, signal = await recurred(world)
    use = ConfirmSignal(
        world.start_work, world.clock, world.policy, world.announcer, world.core.answer_recurrence
    )
    target = Target(signal.id, None)
    confirmed = await use(target, reason="", follow=Proposal.SUCCESSOR, cause=ANNA)
    assert confirmed.led_to not in {None, case.id}
    assert (await stands(world, case)).state is CaseState.CLOSED_EFFECTIVE


async def test_what_was_opened_by_hand_in_the_meantime_is_the_answer_and_stays_as_it_is(world: World) -> None:
    case, signal = await recurred(world)
    await world.run("UPDATE corrective_case SET body = jsonb_set(body, '{state}', '\"investigating\"')")
    confirmed = await confirm(world, signal)
    assert (confirmed.led_to, (await stands(world, case)).cycle) == (case.id, case.cycle)


async def test_what_was_dismissed_counts_no_more_and_what_comes_later_does(world: World) -> None:
    case, signal = await recurred(world)
    await world.run("DELETE FROM outbox")
    await dismiss(world, signal, "one customer")
    noted = (await stands(world, case)).recurrences[0]
    assert (noted.decision, noted.reason) == ("dismissed", "one customer")
    assert any(
        isinstance(each.data, DeadlineMetV1) and each.data.clock == "screen"
        for each in await world.announced()
    )
    world.clock.forward(days=30)
    assert await found(world) == []
    await complain(world, TOO_MANY, after=61)
    world.clock.forward(days=30)
    (again,) = await found(world)
    assert (again.episode.first_at, again.episode.complaints) == (MONDAY + timedelta(days=30), TOO_MANY)


async def test_where_the_plan_counts_no_complaints_so_many_in_so_few_days_are_a_recurrence(
    world: World,
) -> None:
    await a_closed_case(world, effect_plan=replace(COUNTED, source="reported", exposure_unit="letters"))
    await complain(world, 9, severity=Severity.MINOR)
    await complain(world, 2)
    world.clock.forward(days=3)
    assert await found(world) == []
    await complain(world, 1, after=2)
    (signal,) = await found(world)
    assert (signal.episode.complaints, signal.episode.evidence["chart"]) == (3, "window")


async def test_nothing_is_proposed_while_a_case_about_the_same_is_open(world: World) -> None:
    await a_closed_case(world)
    await a_closed_case(world, state=CaseState.IMPLEMENTING, closed_at=None)
    await complain(world, TOO_MANY)
    world.clock.forward(days=31)
    assert await found(world) == []


async def test_of_several_cases_about_the_same_the_one_closed_last_is_watched(world: World) -> None:
    await a_closed_case(world, closed_at=MONDAY - timedelta(days=40))
    last = await a_closed_case(world)
    await complain(world, TOO_MANY)
    world.clock.forward(days=31)
    assert [each.episode.case_id for each in await found(world)] == [last.id]


async def test_once_a_case_about_the_same_is_closed_again_the_next_recurrence_is_told(world: World) -> None:
    case, signal = await recurred(world)
    await confirm(world, signal)
    again = world.clock.forward(days=100)
    async with world.start_work() as work:
        opened = await work.cases.get(case.id)
        closed = replace(
            opened,
            state=CaseState.CLOSED_EFFECTIVE,
            effect_plan=COUNTED,
            closed_at=again,
            deadlines=(),
            version=opened.version + 1,
        )
        change = chronicle.of_case(opened, closed, "close", at=again, actor=ANNA.actor)
        await work.cases.save(closed, change)
    await complain(world, TOO_MANY, after=132)
    world.clock.forward(days=31)
    (second,) = await found(world)
    assert second.episode.first_at == again
    assert {each.number: each.state for each in await on_record(world)} == {
        "S-1001": State.CLEARED,
        "S-1002": State.RAISED,
    }


async def test_what_nobody_decided_ends_when_a_case_about_the_same_is_closed_after_it(world: World) -> None:
    case, _ = await recurred(world)
    world.clock.forward(days=10)
    later = await a_closed_case(world, closed_at=world.clock())
    assert await found(world) == []
    (signal,) = await on_record(world)
    assert (signal.state, signal.reason.startswith(later.number)) == (State.DISMISSED, True)
    noted = await stands(world, case)
    assert (noted.recurrences[0].decision, noted.deadlines) == ("dismissed", ())


async def test_what_lies_outside_the_time_of_watching_or_long_ago_is_no_recurrence(world: World) -> None:
    await a_closed_case(world)
    world.clock.forward(days=200)
    await complain(world, TOO_MANY, after=366)
    await complain(world, TOO_MANY, category="fees")
    world.clock.forward(days=200)
    assert await found(world) == []


async def test_a_recurrence_is_told_again_as_it_stands(world: World) -> None:
    case, signal = await recurred(world)
    told = await world.announced()
    announce = AnnounceAgain(world.start_work, world.clock, world.announcer, world.core.case_announcer)

    async def again(section: str) -> list[Any]:
        part = Part(place=Place(section), since=world.clock(), records=10, dry_run=True)
        return [each.data for each in (await announce(part)).events]

    assert told[0].data in await again("signals")
    of_case = await again("cases")
    assert told[1].data in of_case
    assert told[2].data in of_case
    assert (signal.episode.case_id, case.state) == (case.id, CaseState.CLOSED_EFFECTIVE)


async def test_a_recurrence_has_no_phase_and_another_signal_no_other_way(world: World) -> None:
    _, signal = await recurred(world)
    confirmed = await confirm(world, signal)
    with pytest.raises(SpanInvalid, match="no phases"):
        await clear(world, confirmed, new_phase_from=MONDAY.date())
    await world.run("UPDATE signal SET case_id = NULL, proposal = NULL, state = 'raised'")
    use = ConfirmSignal(
        world.start_work, world.clock, world.policy, world.announcer, world.core.answer_recurrence
    )
    with pytest.raises(SignalStepNotPossible, match="no recurrence"):
        await use(Target(signal.id, None), reason="", follow=Proposal.REOPEN, cause=ANNA)


async def test_the_worker_counts_recurrences_by_what_they_propose(world: World) -> None:
    await a_closed_case(world)
    await complain(world, TOO_MANY)
    world.clock.forward(days=31)
    keep = KeepEvaluating(build_evaluate_signals(world.core), groups_of(world.policy), world.clock)
    keep.prepare()

    def value(proposal: str) -> float | None:
        return WORKER.registry.get_sample_value("case_recurrences_total", {"proposal": proposal})

    before, other = value("reopen") or 0.0, value("successor")
    await keep.once()
    assert (value("reopen"), value("successor")) == (before + 1, other)


async def test_only_who_may_open_cases_again_confirms_a_recurrence_and_the_case_shows_it(
    world: World, tmp_path: Path
) -> None:
    case, _ = await recurred(world)
    scopes = tuple(each for each in SCOPES if each != "cases:approve")
    async with world.caller(tmp_path, scopes, person="sam") as client:
        answer = await client.post("/v1/signals/S-1001/confirm", json={}, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["missing_scopes"]) == (403, ["cases:approve"])
    async with world.caller(tmp_path) as client:
        (shown,) = (await client.get(f"/v1/cases/{case.id}")).json()["recurrences"]
        assert (shown["signal_number"], shown["proposal"], shown["decision"]) == ("S-1001", "reopen", None)
        read = (await client.get("/v1/signals/S-1001")).json()
        assert (read["case_id"], read["proposal"], read["led_to"]) == (str(case.id), "reopen", None)
        assert read["evidence"]["points"][-1]["count"] == TOO_MANY
        assert (await client.get("/v1/signals/S-1001/chart.svg")).status_code == 200
        listed = await client.get("/v1/signals", params={"watch": "closed-cases"})
        assert len(listed.json()["items"]) == 1
        done = await client.post("/v1/signals/S-1001/confirm", json={}, headers={"If-Match": "*"})
        assert (done.status_code, done.json()["led_to"]) == (200, str(case.id)), done.text
