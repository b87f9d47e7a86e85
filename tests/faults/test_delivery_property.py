"""Whatever is killed whenever: after quiescence every accepted event has its one effect, in the order of its key.

Each sabotage takes one safeguard away and must be caught, which shows that the property can fail.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import utc_now
from events.delivery import Claim, Delivered
from events.postgres.log import LogSubscription
from events.postgres.relay import _DONE, Relay, _record
from events.transport import Handle
from tests.faults.delivery_world import GroupWorld, World

KEYS = st.sampled_from(["a", "b", "c"])
RELAYS = st.integers(min_value=0, max_value=1)
VERDICTS = st.sampled_from(["write", "write", "die before", "die after"])
DEATHS = st.sampled_from(["", "", "before commit", "after commit", "stumbles"])


class Delivery(RuleBasedStateMachine):
    """Accepting, relaying and consuming in any order, with any death between any two steps."""

    world: ClassVar[World]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.runner.run(self.world.reset())

    @rule(keys=st.lists(KEYS, min_size=1, max_size=3))
    def accept(self, keys: Sequence[str]) -> None:
        self.runner.run(self.world.accept(keys))

    @rule(number=RELAYS)
    def take(self, number: int) -> None:
        self.runner.run(self.world.take(number))

    @rule(number=RELAYS, verdict=VERDICTS)
    def decide(self, number: int, verdict: str) -> None:
        self.runner.run(self.world.decide(number, verdict))

    @rule(dies=DEATHS)
    def consume(self, dies: str) -> None:
        self.runner.run(self.world.consume(dies))

    def teardown(self) -> None:
        self.runner.run(self.world.quiesce())
        assert self.runner.run(self.world.effects()) == self.world.owed()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def play(world: type[World], url: str, runner: asyncio.Runner, *, examples: int) -> None:
    """Play stories in a world of this kind; raises AssertionError for a story that breaks the promise."""
    built = world(url)
    runner.run(built.prepare())
    machine = type("Played", (Delivery,), {"world": built, "runner": runner})
    rules: Any = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=rules)


worlds = pytest.mark.parametrize("world", [World, GroupWorld])


@worlds
def test_every_accepted_event_has_its_one_effect_in_order(
    world: type[World], database_url: str, runner: asyncio.Runner
) -> None:
    play(world, database_url, runner, examples=40)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@worlds
def test_every_accepted_event_has_its_one_effect_in_order_over_many_stories(
    world: type[World], database_url: str, runner: asyncio.Runner
) -> None:
    play(world, database_url, runner, examples=500)


class WithoutInbox(World):
    """The handler does not claim its delivery."""

    claims = False


class DeletesFirst(World):
    """The relay commits the deletion before the record is acknowledged."""

    class HastyRelay(Relay):
        async def step(self) -> int:
            async with self._engine.begin() as connection:
                _, rows = await self._take(connection)
                positions = [row.position for row in rows]
                await connection.execute(_DONE, {"positions": positions, "shards": [], "now": utc_now()})
            if rows:
                await self._publish([_record(row) for row in rows])
            return len(rows)

    relay_class = HastyRelay


class LocksRows(World):
    """The relay locks single rows instead of shards."""

    class RowRelay(Relay):
        async def _take(self, connection: AsyncConnection) -> tuple[list[int], Sequence[Any]]:
            rows = await connection.execute(
                sa.text("SELECT * FROM outbox ORDER BY position LIMIT 3 FOR UPDATE SKIP LOCKED")
            )
            return [], rows.all()

    relay_class = RowRelay


class CommitsFirst(World):
    """The consumer's position is kept before the handler has finished, as automatic commit does."""

    class HastySubscription(LogSubscription):
        async def serve_one(self, handle: Handle) -> bool:
            taken: list[Any] = []

            async def take(batch: Sequence[Any]) -> int:
                taken.extend(batch)
                return len(batch)

            found = await super().serve_one(take)
            if taken:
                await handle(taken)
            return found

    subscription_class = HastySubscription


class IgnoresClaims(GroupWorld):
    """The group handler claims its deliveries, and has the effects of all of them whatever it found."""

    async def _claim(self, connection: AsyncConnection, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        await super()._claim(connection, delivered)
        return [Claim.NEW for _ in delivered]


class ClaimsApart(GroupWorld):
    """The group handler commits its claims before the effects."""

    async def _claim(self, _: AsyncConnection, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        async with self.engine.begin() as connection:
            return await super()._claim(connection, delivered)


class DropsWhatFailed(GroupWorld):
    """A group that failed is not handled again."""

    async def _handle_together(self, delivered: Sequence[Delivered]) -> Sequence[Claim]:
        try:
            return await super()._handle_together(delivered)
        except RuntimeError:
            return [Claim.NEW for _ in delivered]


@pytest.mark.soak
@pytest.mark.parametrize(
    "sabotaged",
    [
        WithoutInbox,
        DeletesFirst,
        LocksRows,
        CommitsFirst,
        IgnoresClaims,
        ClaimsApart,
        DropsWhatFailed,
    ],
)
def test_taking_one_safeguard_away_is_noticed(
    sabotaged: type[World], database_url: str, runner: asyncio.Runner
) -> None:
    with pytest.raises(AssertionError):
        play(sabotaged, database_url, runner, examples=300)
