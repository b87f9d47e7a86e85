"""New clocks of many complaints for one statement: what many share goes once, and what each has of its own as arrays.

PostgreSQL takes longer to read a rule and an explanation as JSON than to write the row that they stand in.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Final

from chassis.many_rows import document
from intake.db.clock_rows import CLOCK, clock_values
from intake.domain.clocks.clock import Clock

_OWN: Final = {"about": "text", "severity": "text", "started_at": "timestamptz", "set_at": "timestamptz"}
_SHARED: Final = {name: kind for name, kind in CLOCK.items() if name not in _OWN}
# Rule and explanation are told apart by what they are in memory: most clocks of a batch have the same ones.
_shared_of: Final = attrgetter(
    "name",
    "ordinal",
    "run",
    "generation",
    "policy_version",
    "calendar",
    "hands",
    "state",
    "begun_by",
    "due_at",
    "original_due_at",
    "holds",
    "paused_at",
    "ended_at",
    "ended_by",
    "by",
    "warned_at",
    "breached_at",
)


def clock_arrays(clocks: Iterable[Clock]) -> tuple[object, ...]:
    """Give what `written_clocks` takes."""
    numbers: dict[tuple[object, ...], int] = {}
    patterns: list[dict[str, Any]] = []
    rows = []
    for clock in clocks:
        shared = (id(clock.rule), id(clock.explanation), *_shared_of(clock))
        number = numbers.get(shared)
        if number is None:
            number = numbers[shared] = len(patterns)
            patterns.append(_pattern(clock, number))
        rows.append(
            (
                clock.complaint_id,
                number,
                clock.about,
                clock.severity.value,
                clock.started_at,
                clock.set_at,
            )
        )
    columns = zip(*rows, strict=True) if rows else [()] * (2 + len(_OWN))
    return document(patterns), *map(list, columns)


def written_clocks(told: str, first: int) -> str:
    """Write the statement that inserts the clocks of the complaints that `told` names, from seven parameters on."""
    shared = ", ".join(f"{name} {kind}" for name, kind in _SHARED.items())
    arrays = ", ".join(
        f"CAST(${number} AS {kind}[])"
        for number, kind in enumerate(["uuid", "integer", *_OWN.values()], first + 1)
    )
    return f"""
    INSERT INTO complaint_clock (complaint_id, {", ".join(_SHARED)}, {", ".join(_OWN)})
    SELECT one.id, {", ".join(f"pattern.{name}" for name in _SHARED)}, {", ".join(f"one.{name}" for name in _OWN)}
      FROM unnest({arrays}) AS one (id, number, {", ".join(_OWN)})
      JOIN {told} USING (id)
      JOIN json_to_recordset(CAST(CAST(${first} AS text) AS json)) AS pattern (number integer, {shared})
        ON pattern.number = one.number
"""  # noqa: S608 - column names of our own


def _pattern(clock: Clock, number: int) -> dict[str, Any]:
    values = clock_values(clock)
    return {"number": number} | {name: values[name] for name in _SHARED if name in values}
