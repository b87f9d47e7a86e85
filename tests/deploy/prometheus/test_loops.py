"""LoopSilent waits for longer than a loop may be silent, whichever loop it is."""

from typing import Final

import promql_parser as promql
import pytest

from tests.deploy.prometheus.rules import alerts
from tests.deploy.test_wiring import NOWHERE, SERVICES, loops_of
from tests.support.known_metrics import can_match
from tests.support.queries import parse, selectors

(RULE,) = [alert.rule for alert in alerts() if alert.name == "LoopSilent"]
PROBED_EVERY: Final = 60.0
"""Seconds within which a liveness probe that fails has its process restarted."""


def limit_of(loop: str) -> float:
    """The seconds of silence after which the rule fires for a loop."""
    either = parse(RULE["expr"])
    assert isinstance(either, promql.BinaryExpr)
    for side in (either.lhs, either.rhs):
        assert isinstance(side, promql.BinaryExpr)
        assert isinstance(side.rhs, promql.NumberLiteral)
        (selector,) = selectors(side)
        (matcher,) = selector.matchers.matchers
        named = matcher.value.split("|")
        if (loop in named) == (matcher.op == promql.MatchOp.Re):
            return side.rhs.val
    raise AssertionError(f"no side of the rule speaks of {loop}")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_loop_is_told_of_only_when_the_liveness_probe_should_have_ended_it(service: str) -> None:
    bounds = {loop.name: loop.heartbeat.longest for loop in await loops_of(service, log_database_url=NOWHERE)}
    assert {name for name, bound in bounds.items() if bound is None} == set()
    early = {
        name: bound for name, bound in bounds.items() if (bound or 0) > limit_of(name) - PROBED_EVERY / 2
    }
    assert early == {}


async def test_every_loop_that_the_rule_names_exists() -> None:
    exist = {loop.name for service in SERVICES for loop in await loops_of(service, log_database_url=NOWHERE)}
    for selector in selectors(parse(RULE["expr"])):
        (matcher,) = selector.matchers.matchers
        assert can_match(matcher.value, exist)
