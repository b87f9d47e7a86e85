"""Personal data is erased by itself when its time is over, unless it is held."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.database import DatabaseAway
from chassis.settings import CannotStart
from common import history
from intake.db.complaints import PostgresComplaints
from intake.db.due_erasures import PostgresDueErasures
from intake.db.erasures import PostgresErasures
from intake.domain.retention import HistoricalStart, RetentionPolicy, RetentionRule
from intake.domain.trail import Trace
from intake.jobs.apply_retention import ERASED, FAILED, HELD, RunRetention
from intake.jobs.retention_command import retention_command
from intake.settings import load_retention
from intake.usecases.apply_retention import ApplyRetention, Due
from intake.wiring import build_erase
from tests.intake.world import CONFIG, World, a_complaint

PATH = "/v1/complaints"
POLICY = load_retention(CONFIG)
STANDARD = RetentionRule(name="standard", reason="Kept for 30 days.", keep_days=30)


def retention(world: World, *rules: RetentionRule, policy: RetentionPolicy = POLICY) -> ApplyRetention:
    policy = replace(policy, rules=rules or (STANDARD,))
    erase = build_erase(world.intake)
    erase._policy = policy
    return ApplyRetention(PostgresDueErasures(world.engine), erase, policy, world.clock)


async def apply(
    world: World, *rules: RetentionRule, dry_run: bool = False, policy: RetentionPolicy = POLICY
) -> list[tuple[str, str]]:
    told: Sequence[Due] = [due async for due in retention(world, *rules, policy=policy)(dry_run=dry_run)]
    return [(due.number, due.outcome.value) for due in told]


async def post(world: World, external_id: str, **changes: Any) -> str:
    body = a_complaint(external_id=external_id, complainant={"name": "Erika Musterfrau"}, **changes)
    answer = await world.client("crm").post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def note(world: World, number: str, action: str) -> None:
    """Continue a history by what another step of the complaint writes."""
    async with world.engine.begin() as connection:
        kept = await PostgresComplaints(connection, world.clock).by_reference(number, source_system=None)
        entry = history.append(kept.last, at=world.clock(), actor="person:anna", action=action, changes={})
        await PostgresErasures(connection)._note(kept.complaint.id, Trace(entry))


async def named(world: World, number: str) -> bool:
    return (await world.client("staff").get(f"{PATH}/{number}")).json()["complainant"] is not None


async def test_what_has_ended_for_long_enough_is_erased_and_nothing_else(world: World) -> None:
    long_ago, lately, resumed, never = [await post(world, f"E-{nth}") for nth in range(4)]
    await note(world, long_ago, "closed")
    await note(world, resumed, "closed")
    world.clock.move(days=10)
    await note(world, resumed, "reopened")
    await note(world, lately, "withdrawn")
    world.clock.move(days=20)

    assert await apply(world, dry_run=True) == [(long_ago, "due")]
    assert await named(world, long_ago)
    assert await apply(world) == [(long_ago, "erased")]

    assert [await named(world, number) for number in (long_ago, lately, resumed, never)] == [
        False,
        True,
        True,
        True,
    ]
    world.clock.move(days=10)
    assert await apply(world) == [(lately, "erased")]
    assert await apply(world) == []
    last = (await world.client("staff").get(f"{PATH}/{long_ago}/history")).json()["items"][-1]
    assert (last["action"], last["actor"], last["reason"], last["changes"]["basis"]) == (
        "erased",
        "service:intake",
        "Kept for 30 days.",
        "retention",
    )


@pytest.mark.parametrize(
    ("start", "waits"),
    [(HistoricalStart.RECEIVED, 0), (HistoricalStart.RECORDED, 31), (HistoricalStart.NEVER, None)],
)
async def test_a_historical_complaint_counts_from_where_the_policy_says_unless_it_was_worked_on(
    world: World, start: HistoricalStart, waits: int | None
) -> None:
    policy = replace(POLICY, historical=start)
    past = {"historical": True, "received_at": "2026-10-01T10:00:00Z"}
    old = await post(world, "E-1", **past)
    worked_on = await post(world, "E-2", **past)
    await post(world, "E-3", historical=False, received_at="2026-10-01T10:00:00Z")
    await post(world, "E-4", historical=True, received_at="2026-11-19T10:00:00Z")
    answer = await world.client("quality").post(
        f"{PATH}/{worked_on}/acknowledge", json={"channel": "phone"}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text

    if waits != 0:
        assert await apply(world, policy=policy) == []
        world.clock.move(days=waits or 1_000)
    told = await apply(world, policy=policy)

    assert (old, "erased") in told or start is HistoricalStart.NEVER
    assert await named(world, worked_on)
    assert len(told) == {None: 0, 0: 1, 31: 2}[waits]


async def test_the_first_rule_that_fits_decides(world: World) -> None:
    pump = await post(world, "E-1", product="infusion-pump")
    loan = await post(world, "E-2", product="loan", reported_severity="critical")
    card = await post(world, "E-3")
    for number in (pump, loan, card):
        await note(world, number, "closed")
    rules = (
        RetentionRule(name="device", reason="r", keep_days=3650, products=frozenset({"infusion-pump"})),
        RetentionRule(name="never", reason="r", severities=frozenset({"critical"})),
        STANDARD,
    )
    world.clock.move(days=31)

    assert await apply(world, *rules) == [(card, "erased")]
    world.clock.move(days=4000)
    assert await apply(world, *rules) == [(pump, "erased")]


async def test_a_hold_keeps_what_is_due_and_its_end_lets_it_go(world: World) -> None:
    number = await post(world, "E-1")
    await note(world, number, "closed")
    await world.client("privacy").post(
        f"{PATH}/{number}/hold", json={"reason": "a lawsuit", "until": "2027-02-01T00:00:00Z"}
    )
    world.clock.move(days=31)
    assert await apply(world) == [(number, "held")]
    world.clock.move(days=60)
    assert await apply(world) == [(number, "erased")]


async def test_a_rule_holds_back_what_is_asked_for_too_early_and_says_why(
    world: World, tmp_path: Path
) -> None:
    for file in CONFIG.iterdir():
        (tmp_path / file.name).symlink_to(file)
    own = tmp_path / "retention.toml"
    text = own.read_text()
    own.unlink()
    own.write_text(text.replace("hold_days = 0\n", "hold_days = 730\n"))
    number = await post(world, "E-1")
    world.intake.settings.__dict__["config_dir"] = tmp_path
    from intake.wiring import build_app, build_health

    world.app = build_app(world.intake, build_health(world.intake))

    refused = await world.client("privacy").post(
        f"{PATH}/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
    )
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "erasure-held")
    assert "rule standard until 2028-11-19" in refused.json()["detail"]
    world.clock.move(days=730)
    done = await world.client("privacy").post(
        f"{PATH}/{number}/erasure", json={"reason": "asked for"}, headers={"If-Match": "*"}
    )
    assert done.status_code == 200, done.text


async def test_pages_of_candidates_are_read_to_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [await post(world, f"E-{nth}") for nth in range(5)]
    for number in numbers:
        await note(world, number, "closed")
    world.clock.move(days=31)
    monkeypatch.setattr("intake.usecases.apply_retention.AT_ONCE", 2)

    assert await apply(world) == [(number, "erased") for number in numbers]


async def test_the_command_only_tells_unless_it_is_asked_to_erase(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    number = await post(world, "E-1")
    await note(world, number, "closed")
    world.clock.move(days=31)
    for erase, outcome in ((False, "due"), (True, "erased")):
        capsys.readouterr()
        assert await retention_command(retention(world), erase=erase) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert (lines[0]["number"], lines[0]["outcome"], lines[-1][outcome]) == (number, outcome, 1)
    assert not await named(world, number)


async def test_the_worker_erases_counts_and_forgets_old_records_of_reads(world: World) -> None:
    number = await post(world, "E-1")
    held = await post(world, "E-2")
    for each in (number, held):
        await note(world, each, "closed")
    await world.client("privacy").post(f"{PATH}/{held}/hold", json={"reason": "a lawsuit"})
    assert await named(world, number)
    before, world.clock.now = ERASED._value.get(), world.clock.now + timedelta(days=1200)

    assert await RunRetention(retention(world)).once(lambda: None)

    assert (ERASED._value.get() - before, HELD._value.get()) == (1, 1)
    assert await world.count("personal_read") == 0


async def test_a_worker_whose_database_is_away_tries_again_soon(world: World) -> None:
    class Away:
        async def page(self, **_: Any) -> Any:
            raise DatabaseAway("gone")

    before = FAILED._value.get()
    job = RunRetention(retention(world))
    job._apply._due = Away()  # type: ignore[assignment]

    assert not await job.once(lambda: None)
    assert FAILED._value.get() == before + 1
    stop = asyncio.Event()
    stop.set()
    await job.run(stop, lambda: None)


@pytest.mark.parametrize(
    ("change", "named_"),
    [
        (('version = "2026-11"', ""), "version"),
        (('"serial", ', '"lot", '), "erase.texts"),
        (('name = "standard"', 'name = "standard"\nproducts = ["loan"]'), "rule"),
        (('"rejected", ', '"not_a_complaint", '), "ends: .*not_a_complaint: is no verb"),
        (('historical = "received"', 'historical = "imported"'), "historical"),
        (("# keep_days = 1095", "keep_days = -1"), "rule.0.keep_days"),
        (("# keep_days = 1095", "forget_days = 1"), "forget_days"),
    ],
)
def test_a_policy_that_is_wrong_ends_the_start_with_the_value_that_is(
    tmp_path: Path, change: tuple[str, str], named_: str
) -> None:
    text = (CONFIG / "retention.toml").read_text()
    assert change[0] in text
    head, _, rules = text.rpartition("[[rule]]")
    whole = head + "[[rule]]" + rules
    before, _, after = whole.rpartition(change[0])
    (tmp_path / "retention.toml").write_text(before + change[1] + after)

    with pytest.raises(CannotStart, match=named_):
        load_retention(tmp_path)
