"""The bounds of answers, by rule."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from chassis.settings import CannotStart
from common.actor import Actor
from notifier.domain.answer import Answer, AnswerKind, Asking, Standing, acknowledge, snooze
from notifier.domain.answer_limits import USUAL, limits_of
from notifier.domain.deadline import Deadline, Severity, State
from notifier.domain.errors import AlreadyEscalated, AnswerInvalid, LadderInvalid
from notifier.domain.ladder import ladder_of
from notifier.settings import Settings, parse_ladders, read_ladders
from tests.notifier.test_ladder import CALENDAR
from tests.notifier.world import CONFIG, NOON

DATA = {"acknowledged_for": "10d", "snooze_at_most": "10d", "snoozes": 3, "latest": "10d"}
LADDER = ladder_of(
    "default",
    "1",
    [
        {"name": "overdue", "kind": "breach", "offset": "0s", "to": "owner"},
        {"name": "lead", "kind": "escalation", "offset": "2d", "to": "manager"},
        {"name": "top", "kind": "escalation", "offset": "4d", "to": "manager.manager"},
    ],
    DATA,
)
LEAD, TOP = NOON + timedelta(days=2), NOON + timedelta(days=4)
HALF_WAY = NOON + timedelta(days=3)
DEADLINE = Deadline(
    subject_kind="action",
    subject_id=UUID(int=1),
    clock="complete",
    generation=1,
    parent_kind=None,
    parent_id=None,
    title="Contain",
    due_at=NOON,
    owner="anna",
    team=None,
    severity=Severity.MAJOR,
    link="/v1/actions/A-1001",
    ladder=LADDER,
    calendar="default:1",
    policy_version="1",
    explanation={},
    state=State.OPEN,
    closed_at=None,
    closed_reason=None,
    set_at=NOON,
    correlation_id=UUID(int=2),
    caused_by=UUID(int=3),
    version=1,
)
STANDING = Standing(
    fired=frozenset({"overdue"}), waiting={"lead": LEAD, "top": TOP}, with_others=False, answers=()
)


def asking(now: datetime) -> Asking:
    return Asking(by=Actor("person", "anna"), reason="soon", may_stand_in=False, now=now)


def acknowledged(deadline: Deadline = DEADLINE, standing: Standing = STANDING) -> Answer:
    answer = acknowledge(
        deadline, standing, asking(NOON + timedelta(hours=1)), CALENDAR, answer_id=UUID(int=4)
    )
    assert answer is not None
    return answer


def snoozed(until: datetime, standing: Standing = STANDING, now: datetime = NOON) -> Answer:
    return snooze(DEADLINE, standing, asking(now), CALENDAR, until=until, answer_id=UUID(int=4))


def test_a_step_is_postponed_at_most_half_the_way_to_the_one_after_it() -> None:
    moved = acknowledged().postponed
    assert moved is not None
    assert (moved.step, moved.planned, moved.to) == ("lead", LEAD, HALF_WAY)
    assert snoozed(HALF_WAY).next_at == HALF_WAY
    with pytest.raises(AnswerInvalid):
        snoozed(HALF_WAY + timedelta(seconds=1))


def test_half_the_way_is_counted_from_the_moment_that_the_step_had_at_first() -> None:
    first = snoozed(LEAD + timedelta(hours=12))
    later = replace(STANDING, waiting={"lead": LEAD + timedelta(hours=12), "top": TOP}, answers=(first,))
    assert snoozed(HALF_WAY, later).next_at == HALF_WAY
    with pytest.raises(AnswerInvalid):
        snoozed(HALF_WAY + timedelta(seconds=1), later)


def test_no_step_but_the_next_one_is_postponed() -> None:
    assert acknowledged().next_step == "lead"
    standing = replace(STANDING, fired=frozenset({"overdue"}), waiting={"lead": LEAD, "top": TOP})
    answer = snoozed(LEAD + timedelta(hours=1), standing)
    assert answer.postponed is not None
    assert answer.postponed.step == "lead"


def test_nothing_is_postponed_past_the_bound_after_the_due_instant() -> None:
    tight = replace(DEADLINE, ladder=replace(LADDER, answers=limits_of("default", DATA | {"latest": "50h"})))
    moved = acknowledged(tight).postponed
    assert moved is not None
    assert moved.to == NOON + timedelta(hours=50)
    past = replace(DEADLINE, ladder=replace(LADDER, answers=limits_of("default", DATA | {"latest": "1d"})))
    assert acknowledged(past).postponed is None


def test_what_is_overdue_since_long_before_it_came_here_is_not_postponed() -> None:
    old = replace(DEADLINE, due_at=NOON - timedelta(days=30))
    assert acknowledged(old).postponed is None


def test_an_escalation_that_should_have_fired_counts_as_with_the_next_person() -> None:
    standing = replace(STANDING, waiting={"top": TOP})
    assert acknowledged(standing=standing).postponed is None


def test_an_escalation_whose_moment_has_come_counts_as_with_the_next_person() -> None:
    assert snoozed(LEAD + timedelta(hours=1), now=LEAD - timedelta(seconds=1)).postponed is not None
    with pytest.raises(AlreadyEscalated):
        snoozed(LEAD + timedelta(hours=1), now=LEAD)


def test_an_escalation_to_the_owner_is_with_nobody_else() -> None:
    steps = [
        {"name": "overdue", "kind": "breach", "offset": "0s", "to": "owner"},
        {"name": "again", "kind": "escalation", "offset": "1d", "to": "owner"},
        {"name": "lead", "kind": "escalation", "offset": "2d", "to": "manager"},
    ]
    own = replace(DEADLINE, ladder=ladder_of("default", "1", steps, DATA))
    standing = replace(STANDING, fired=frozenset({"overdue", "again"}), waiting={"lead": LEAD})
    answer = acknowledged(own, standing)
    assert answer.step == "again"
    assert answer.postponed is not None


def test_each_step_is_acknowledged_by_itself() -> None:
    first = acknowledged()
    assert first.kind is AnswerKind.ACKNOWLEDGED
    told = replace(STANDING, fired=frozenset({"overdue", "lead"}), waiting={"top": TOP}, answers=(first,))
    assert acknowledged(standing=told).step == "lead"


@pytest.mark.parametrize(
    "wrong",
    [
        {"snoozes": -1},
        {"snoozes": 11},
        {"snoozes": "2"},
        {"snoozes": True},
        {"latest": "0d"},
        {"latest": "soon"},
        {"acknowledged_for": 4},
        {"more": "1d"},
    ],
)
def test_bounds_that_cannot_be_meant_are_refused_with_the_field(wrong: dict[str, object]) -> None:
    with pytest.raises(LadderInvalid, match=next(iter(wrong))):
        limits_of("default", DATA | wrong)


def test_bounds_are_kept_with_the_ladder_as_they_were() -> None:
    data = LADDER.as_data()
    assert ladder_of("default", "1", data["steps"], data["answers"]) == LADDER


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answers = 3", "a table for each ladder"),
        ("[answers]\ndefault = 3", "a table for each ladder"),
        ("[answers.other]\nsnoozes = 1", "answers.other is about no ladder"),
        ("[answers.default]\nsnoozes = 1", "answers of ladder default: has snoozes, needs acknowledged_for"),
    ],
)
def test_bad_bounds_in_a_ladder_file_stop_the_process_with_the_file_and_the_place(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "ladders.toml"
    ladders = '[[ladders.default]]\nname = "overdue"\nkind = "breach"\noffset = "0s"\nto = "owner"\n'
    head = 'version = "1"\n'
    file.write_text(head + text + "\n" + ladders if text.startswith("answers") else head + ladders + text)
    with pytest.raises(CannotStart, match=said) as stopped:
        read_ladders(Settings(database_url=SecretStr("postgresql://"), ladders=file))
    assert str(file) in str(stopped.value)


def test_a_ladder_file_that_says_nothing_of_answers_has_the_usual_bounds() -> None:
    text = (
        'version = "1"\n[[ladders.default]]\nname = "overdue"\nkind = "breach"\noffset = "0s"\nto = "owner"\n'
    )
    assert parse_ladders(text)["default"].answers == USUAL


@pytest.mark.parametrize("name", ["ladders.toml", "ladders.demo.toml"])
def test_every_ladder_of_the_configuration_says_what_may_be_answered(name: str) -> None:
    text = (CONFIG / name).read_text()
    assert all(f"[answers.{ladder}]" in text for ladder in parse_ladders(text))
