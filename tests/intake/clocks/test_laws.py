"""Laws of clocks, for any order of what happens and any pauses."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.domain.clocks.clock import Clock
from intake.domain.clocks.counting import counted, explained
from intake.domain.clocks.happening import Happening
from intake.domain.clocks.rule import Kind, Start
from tests.intake.clocks.timing import NOON, Timed, policy_of, rule
from tests.worktime.samples import shipped
from worktime import due

MINUTE = timedelta(minutes=1)
POLICY = policy_of(
    rule("acknowledge", Kind.ACKNOWLEDGE, "1wd"),
    rule("assess", Kind.ASSESS, "2wd"),
    rule("update", Kind.UPDATE, "3wd", start=Start.LAST_CONTACT, pauses=True),
    rule("respond", Kind.RESPOND, "5wd", pauses=True),
    rule("report", Kind.REGULATORY, "10d", start=Start.AWARE, calendar="always"),
)
_BEGUN_BY_STEPS = sorted(set(Happening) - {Happening.RECEIVED, Happening.AWARE})
steps = st.lists(
    st.tuples(st.sampled_from(_BEGUN_BY_STEPS), st.integers(min_value=1, max_value=3 * 24 * 60)), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_a_verdict_is_written_once_and_generations_only_rise(told: list[tuple[Happening, int]]) -> None:
    timed, now = Timed(POLICY).begin(), NOON
    for what, minutes in told:
        now += minutes * MINUTE
        before = dict(timed.clocks)
        timed.happens(what, now)
        for key, clock in before.items():
            assert timed.clocks[key] == clock or clock.is_open
            assert timed.clocks[key].generation >= clock.generation
        for name in {name for name, _ in timed.clocks}:
            generations = [clock.generation for clock in timed.all_of(name)]
            assert generations == sorted(set(generations))
            assert sum(clock.is_open for clock in timed.all_of(name)) <= 1


@settings(max_examples=150, deadline=None)
@given(steps)
def test_no_pause_ever_moves_a_regulatory_clock(told: list[tuple[Happening, int]]) -> None:
    timed, now = Timed(POLICY).begin(), NOON
    for what, minutes in told:
        now += minutes * MINUTE
        timed.happens(what, now)
    assert {clock.due_at for clock in timed.all_of("report")} == {NOON + timedelta(days=10)}


starts = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis takes bounds without a zone
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
shapes = st.sampled_from(["1wd", "0wd", "5wd", "3cd", "1cw", "1mo", "24h", "6wh"])


@settings(max_examples=150, deadline=None)
@example(datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "3cd", "default", 3 * 60 * 60)  # the clocks go back
@example(
    datetime(2026, 11, 20, 12, tzinfo=UTC), "1wd", "vienna-plant", 13 * 60 * 60
)  # in the same night shift
@given(starts, shapes, st.sampled_from(["default", "vienna-plant", "new-york"]), st.integers(0, 86_399))
def test_what_was_counted_for_another_start_of_the_day_is_what_this_one_counts(
    start: datetime, limit: str, calendar: str, later: int
) -> None:
    each = rule(limit=limit)
    counted(shipped(calendar), start, each)
    at = start + timedelta(seconds=later)
    found, alone = counted(shipped(calendar), at, each), due(shipped(calendar), at, each.limit)
    assert found.due_at == alone.due_at
    assert explained(found.explanation, at) == alone.explanation.as_dict()


holds = st.lists(
    st.tuples(st.integers(min_value=0, max_value=2000), st.integers(min_value=1, max_value=2000)), max_size=4
)


@settings(max_examples=60, deadline=None)
@example([(0, 1), (0, 1)], 1)
@given(holds, st.integers(min_value=1, max_value=40))
def test_what_is_held_is_what_counting_minute_by_minute_leaves_out(
    told: list[tuple[int, int]], hours: int
) -> None:
    timed = Timed(policy_of(rule(limit=f"{hours}wh", pauses=True))).begin()
    held, now = set[datetime](), NOON
    for pause, length in told:
        began = now + pause * MINUTE
        now = began + length * MINUTE
        if began >= timed.the("respond").due_at:
            break
        timed.happens(Happening.WAITING_BEGAN, began)
        timed.happens(Happening.WAITING_ENDED, now)
        held |= {began + each * MINUTE for each in range(length)}
    assert timed.the("respond").due_at == _counted(timed.the("respond"), held, 60 * hours)


def _counted(clock: Clock, held: set[datetime], minutes: int) -> datetime:
    """Go from minute to minute, and count those that are worked and not held."""
    calendar, at = shipped("default"), clock.started_at
    while True:
        spans = calendar.day(at.astimezone(calendar.zone).date()).spans
        worked = any(opens <= at < closes for opens, closes in spans)
        at += MINUTE
        minutes -= worked and at - MINUTE not in held
        if not minutes:
            return at
