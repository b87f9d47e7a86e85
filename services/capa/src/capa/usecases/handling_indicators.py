"""The indicators of how complaints and cases are handled, and of escalation, computed from what stands on record."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from capa.domain.review.values import HandlingIndicators
from capa.usecases.handling_ports import HandlingRecords, Sent
from capa.usecases.indicators import Products, Sites
from common.clock import Clock
from common.refusals import Refusal
from quality.cases import of_cases
from quality.escalation import Told, of_escalation
from quality.handling import of_handling
from quality.indicators import Span
from worktime import Calendar, add_working_days, working_time_between

ANSWER_WITHIN_DAYS: Final = 2
"""Working days within which what somebody was told of should be done."""


@dataclass(frozen=True, slots=True)
class ReadHandlingIndicators:
    """Computes from facts that are kept once each, so that a replay of what led to them gives the same.

    What is still to come is no miss: of a span that goes on, the part until now is looked at.
    """

    records: HandlingRecords
    calendar: Calendar
    clock: Clock

    async def __call__(
        self, span: Span, products: Products = None, sites: Sites = None
    ) -> HandlingIndicators:
        """Compute them, of all products and sites or of some."""
        past = Span(span.begins_at, max(span.begins_at, min(span.ends_at, self.clock())))
        told = [self._told(each) for each in await self.records.sent(past, products, sites)]
        lives = await self.records.lives(past, products, sites)
        return HandlingIndicators(
            # In a thread, so that other requests go on meanwhile: a year may hold a hundred thousand complaints.
            await asyncio.to_thread(of_handling, lives, past, self._working),
            of_cases(await self.records.cases(past, products, sites), past),
            dict(of_escalation(told, past)),
        )

    def _working(self, begin: datetime, end: datetime) -> timedelta | None:
        try:
            return working_time_between(self.calendar, begin, end)
        except Refusal:
            # A complaint from before all known holidays has no working time that anybody knows.
            return None

    def _told(self, sent: Sent) -> Told:
        try:
            answer_by = add_working_days(self.calendar, sent.sent_at, ANSWER_WITHIN_DAYS).due_at
        except Refusal:
            # A calendar without such days sets nobody a time.
            answer_by = datetime.max.replace(tzinfo=sent.sent_at.tzinfo)
        return Told(sent.level, sent.sent_at, answer_by, sent.done_at)
