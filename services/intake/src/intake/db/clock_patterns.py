"""The clocks of many new complaints for one statement: what many share goes once, as a pattern.

PostgreSQL takes longer to read a rule and an explanation as JSON than to write the row that they stand in.
"""

from typing import Any, Final

from chassis.many_rows import document
from intake.db.clock_rows import CLOCK, clock_values
from intake.domain.clocks.beginning import Begun
from intake.domain.clocks.clock import Clock
from intake.domain.clocks.happening import Happening

_OWN: Final = ("started_at", "set_at")
_SHARED: Final = {name: kind for name, kind in CLOCK.items() if name not in _OWN}


class ClockPatterns:
    """The patterns of one statement; complaints whose clocks are alike have one number."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._like: list[tuple[Clock, ...]] = []

    def number(self, begun: Begun) -> int | None:
        """Give the number of the pattern that a complaint's clocks have; None where it has no clocks."""
        like = begun.like
        if not like:
            return None
        number = self._numbers.get(id(like))
        if number is None:
            number = self._numbers[id(like)] = len(self._like)
            self._like.append(like)
        return number

    def document(self) -> str:
        """Write what `written_clocks` reads."""
        return document(_pattern(clock, number) for number, like in enumerate(self._like) for clock in like)


def written_clocks(rows: str, parameter: int) -> str:
    """Write the statement that inserts the clocks of those `rows` that are in `told`, by the patterns of a parameter."""
    columns = ", ".join(_SHARED)
    shared = ", ".join(f"pattern.{name}" for name in _SHARED)
    typed = ", ".join(f"{name} {kind}" for name, kind in _SHARED.items())
    return f"""
    INSERT INTO complaint_clock (complaint_id, {columns}, {", ".join(_OWN)})
    SELECT new.id, {shared},
           CASE pattern.begun_by WHEN '{Happening.AWARE.value}' THEN new.aware_at ELSE new.received_at END, new.recorded_at
      FROM {rows} AS new JOIN told USING (id)
      JOIN json_to_recordset(CAST(CAST(${parameter} AS text) AS json)) AS pattern (number integer, {typed})
        ON pattern.number = new.clocks
"""  # noqa: S608 - column names of our own


def _pattern(clock: Clock, number: int) -> dict[str, Any]:
    values = clock_values(clock)
    return {"number": number} | {name: values[name] for name in _SHARED if name in values}
