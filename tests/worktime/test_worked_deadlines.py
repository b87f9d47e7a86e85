"""The worked deadlines of the documentation, held against what was counted by hand."""

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from tests.worktime.samples import CONFIG, shipped
from worktime import Pause, due, term_of

EXAMPLES: list[dict[str, Any]] = tomllib.loads(
    (CONFIG.parents[1] / "docs" / "deadlines.toml").read_text(encoding="utf-8")
)["deadlines"]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["title"] for example in EXAMPLES])
def test_a_worked_deadline_is_due_when_counting_by_hand_says(example: Mapping[str, Any]) -> None:
    pauses = [Pause(each["from"], each["to"]) for each in example.get("pauses", [])]

    deadline = due(shipped(example["calendar"]), example["start"], term_of(example["term"]), pauses)

    assert deadline.due_at == example["due"]


def test_the_worked_deadlines_show_every_shipped_site() -> None:
    sites = {path.stem for path in CONFIG.glob("*.toml")} - {"always", "default"}

    assert {example["calendar"] for example in EXAMPLES} - {"always", "default"} == sites
