"""Every path through the lifecycle as callers take it: three complaints that may be each other's duplicates, through the API.

`test_machine.py` does the same with the rules alone.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from typing_extensions import override

from intake.domain.lifecycle.steps import RULES
from intake.domain.lifecycle.words import Obstacle, Reportability, Step
from tests.intake.lifecycle.desk import BODIES, Desk
from tests.intake.world import KEYS, NOON, open_world

T = TypeVar("T")

WHICH = st.sampled_from([0, 1, 2])
WHO = st.sampled_from(["owner", "quality"])
REPORT: Mapping[Reportability, Mapping[str, Any]] = {
    Reportability.YES: {"reportability": "yes", "report_to": ["authority"]},
    Reportability.NO: {"reportability": "no"},
    Reportability.UNDETERMINED: {"reportability": "undetermined"},
}
ONWARDS = (
    "assign",
    "start-investigation",
    "respond",
    "customer-accepts",
    "file-report",
    "close",
)


class Stage:
    """A world in an event loop of its own, since the machine's rules are no coroutines."""

    def __init__(self, url: str, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        opened = open_world(url, folder, rate_limit_read=0, rate_limit_write=0)
        self.desk = Desk(self(self._stack.enter_async_context(opened)))

    def __call__(self, doing: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(doing)

    def close(self) -> None:
        self(self._stack.aclose())
        self._loop.close()


class Paths(RuleBasedStateMachine):
    """Takes any step at any time as one of two people, and lets time pass and triage decide."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.desk = self.stage.desk
        self.desk.world.clock.now = NOON
        self.numbers = [self.stage(self.desk.receive()) for _ in range(3)]
        self.bodies = {number: self.stage(self.desk.read(number)) for number in self.numbers}
        self.made = 0

    def attempt(self, which: int, step: str, who: str, **changes: Any) -> bool:
        """Ask for a step as of the version that was read; it is taken if it was said to be possible, and refused if not."""
        number = self.numbers[which]
        read = self.stage(self.desk.read(number, who))
        allowed = read["allowed_steps"]
        self.made += 1
        answer = self.stage(
            self.desk.attempt(
                number, step, who, version=f'"v{read["version"]}"', **self.fresh(step), **changes
            )
        )
        self.desk.world.clock.move(minutes=1)
        body = answer.json()
        if answer.status_code == 200:
            assert step in allowed
            assert body["version"] == read["version"] + 1
            self.bodies[number] = body
            if step == "close":
                self.closed_well(body, who)
            return True
        if answer.status_code == 403:
            assert RULES[Step(step)].scope not in KEYS[who][1]
        else:
            self.refused_well(step, read, body)
        # What a step may meet beside what can be seen beforehand: the complaint that it names.
        assert step not in allowed or (step == "link" and answer.status_code == 409), (step, body)
        assert self.stage(self.desk.read(number, who)) == read
        return False

    def fresh(self, step: str) -> dict[str, Any]:
        match step:
            case "assign":
                return {"owner": f"owner-{self.made}"}
            case "file-report":
                return {"reference": f"R-{self.made}"}
            case _:
                return {}

    def refused_well(self, step: str, read: dict[str, Any], problem: dict[str, Any]) -> None:
        assert problem["type"].endswith("step-refused"), problem
        codes = {error["code"] for error in problem["errors"]}
        rule_ = RULES[Step(step)]
        assert codes
        assert codes <= {Obstacle.STATE.value, Obstacle.SCOPE.value, *(each.value for each in rule_.needs)}
        assert problem["allowed_steps"] == read["allowed_steps"]
        assert all(each["detail"] and each["fix"] for each in problem["missing"])

    def closed_well(self, body: dict[str, Any], who: str) -> None:
        handling = body["handling"]
        assert body["state"] == "closed"
        assert handling["assessment"]["reportability"] in {"yes", "no"}
        assert handling["reports_missing"] == []
        assert body["triage"]["state"] != "pending"
        assert who == "quality"
        if handling["assessment"]["severity"] != "minor":
            assert "quinn.hale" not in {handling["owner"], *handling["investigators"]}

    @rule(which=WHICH, nth=st.integers(0, len(Step)), who=WHO)
    def a_step_is_taken_that_is_possible(self, which: int, nth: int, who: str) -> None:
        # Mostly what is possible, so that paths get on.
        read = self.stage(self.desk.read(self.numbers[which], who))
        own = [step for step in read["allowed_steps"] if step != "link"]
        if own:
            self.attempt(which, own[nth % len(own)], who)

    @rule(which=WHICH, step=st.sampled_from(sorted(set(BODIES) - {"link", "assess"})), who=WHO)
    def any_step_is_taken_or_refused_as_it_was_said(self, which: int, step: str, who: str) -> None:
        self.attempt(which, step, who)

    @rule(
        which=WHICH,
        reportability=st.sampled_from(Reportability),
        severity=st.sampled_from(["minor", "major"]),
    )
    def it_is_assessed(self, which: int, reportability: Reportability, severity: str) -> None:
        self.attempt(which, "assess", "owner", severity=severity, **REPORT[reportability])

    @rule(which=WHICH, reportability=st.sampled_from([Reportability.YES, Reportability.NO]))
    def it_gets_as_far_as_it_can(self, which: int, reportability: Reportability) -> None:
        # Chance alone hardly ever comes to the end of a path.
        self.stage(self.desk.triaged(self.numbers[which]))
        self.onwards(which, reportability)

    @rule(which=WHICH)
    def what_is_undetermined_gets_as_far_as_it_can(self, which: int) -> None:
        self.stage(self.desk.triaged(self.numbers[which]))
        self.onwards(which, Reportability.UNDETERMINED)

    def onwards(self, which: int, reportability: Reportability) -> None:
        self.attempt(which, "assess", "owner", **REPORT[reportability])
        for step in ONWARDS:
            self.attempt(which, step, "quality" if step == "close" else "owner")

    @rule(which=WHICH, master=WHICH)
    def it_is_linked(self, which: int, master: int) -> None:
        before = self.bodies[self.numbers[master]]["state"]
        linked = self.attempt(which, "link", "owner", master=self.numbers[master])
        assert not linked or (which != master and before not in {"linked", "not_a_complaint", "withdrawn"})

    @rule(days=st.integers(1, 30))
    def time_passes(self, days: int) -> None:
        self.desk.world.clock.move(days=days)

    @rule(which=WHICH, outcome=st.sampled_from(["declined", "raised"]))
    def triage_decides(self, which: int, outcome: str) -> None:
        self.stage(self.desk.triaged(self.numbers[which], outcome))

    @invariant()
    def there_are_no_chains_of_duplicates(self) -> None:
        linked = {number for number, body in self.bodies.items() if body["state"] == "linked"}
        masters = {self.bodies[number]["handling"]["duplicate_of"]["number"] for number in linked}
        assert masters.isdisjoint(linked)

    @override
    def teardown(self) -> None:
        for number, body in self.bodies.items():
            path = f"/v1/complaints/{number}/history"
            history = self.stage(self.desk.world.client("reader").get(path)).json()
            assert history["intact"]
            kept = self.stage(self.desk.read(number))
            assert (kept["state"], kept["version"]) == (body["state"], body["version"])
            assert len(history["items"]) == kept["version"]
        assert (
            self.stage(
                self.desk.world.rows("SELECT 1 FROM complaint_handling WHERE master_id = complaint_id")
            )
            == []
        )


@contextmanager
def paths(url: str, folder: Path) -> Iterator[type[Paths]]:
    stage = Stage(url, folder)
    try:
        yield type("PathsOnStage", (Paths,), {"stage": stage})
    finally:
        stage.close()


def test_no_path_closes_what_is_undecided_chains_duplicates_or_is_refused_without_a_reason(
    intake_url: str, tmp_path: Path
) -> None:
    # Without shrinking, which would take longer than the test may.
    few = settings(
        max_examples=8,
        stateful_step_count=12,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=True,
    )
    with paths(intake_url, tmp_path) as machine:
        run_state_machine_as_test(machine, settings=few)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_no_long_path_does_either(intake_url: str, tmp_path: Path) -> None:
    many = settings(max_examples=150, stateful_step_count=50, deadline=None, database=None)
    with paths(intake_url, tmp_path) as machine:
        run_state_machine_as_test(machine, settings=many)
