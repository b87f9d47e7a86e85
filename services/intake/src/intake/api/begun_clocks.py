"""The clocks of a complaint that was just taken, as its receipt shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

from common.json_pattern import JsonPattern, Path
from intake.api.clocks import shape_clock, shape_next
from intake.api.instants import instant
from intake.domain.clocks.beginning import Begun
from intake.domain.clocks.clock import Clock
from intake.domain.clocks.counting import start_said
from intake.usecases.clock_views import view_of

_REMEMBERED: Final = 2_048
_OF_EACH: Final[Sequence[Path]] = (("overdue",), ("started_at",), ("explanation", "start"))


class BegunClocks:
    """Writes clocks that have just begun: what those of complaints of one kind and day have in common once for all."""

    def __init__(self) -> None:
        # The clocks stand beside what was made of them, so that no others are ever found under their identity.
        self._known: dict[int, tuple[Sequence[Clock], JsonPattern, JsonPattern]] = {}

    def shape(self, begun: Begun, now: datetime) -> dict[str, orjson.Fragment]:
        """Write them, and the one that is due first, as the reading of a complaint does."""
        if not begun.like:
            return {}
        _, clocks, first = self._patterns(begun, now)
        own: list[object] = []
        for clock in begun.like:
            started_at = begun.started_at(clock)
            own += clock.due_at < now, instant(started_at), start_said(clock.explanation, started_at)
        return {
            "clocks": orjson.Fragment(clocks.fill(own)),
            "next_clock": orjson.Fragment(first.fill([begun.like[0].due_at < now])),
        }

    def _patterns(self, begun: Begun, now: datetime) -> tuple[Sequence[Clock], JsonPattern, JsonPattern]:
        known = self._known.get(id(begun.like))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            views = list(map(view_of, begun.clocks))
            places = [(nth, *path) for nth in range(len(views)) for path in _OF_EACH]
            clocks = JsonPattern([shape_clock(view, now) for view in views], places)
            known = begun.like, clocks, JsonPattern(shape_next(views, now), [("overdue",)])
            self._known[id(begun.like)] = known
        return known
