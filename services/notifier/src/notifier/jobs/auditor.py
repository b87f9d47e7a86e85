"""Audits, again and again, that whatever is open will be told of."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chassis.database import is_away, is_busy
from chassis.logging import get_logger
from chassis.run import Beat, waited_for
from notifier.domain.audit import Finding
from notifier.jobs import metrics
from notifier.usecases.audit import Audit

EVERY_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 300.0
"""An audit that takes longer is given up, and so counts as none."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Auditor:
    """Audits once a minute; as many processes as one likes may do so."""

    audit: Audit
    every: float = EVERY_SECONDS
    longest: float = LONGEST_SECONDS

    async def run(self, stop: asyncio.Event, beat: Beat) -> None:
        """Audit until stopped; while the database is away, the last findings stand and grow old."""
        while True:
            beat()
            await self.once(beat)
            if await waited_for(stop, self.every):
                return

    async def once(self, beat: Beat) -> None:
        """Audit once."""
        try:
            async with asyncio.timeout(self.longest):
                found = await self.audit(beat)
        except Exception as error:
            if not (isinstance(error, TimeoutError) or is_away(error) or is_busy(error)):
                raise
            log.warning("audit_failed", reason=type(error).__name__)
            return
        _show(found)


def _show(found: Mapping[Finding, int]) -> None:
    for finding, number in found.items():
        metrics.VIOLATIONS.labels(finding).set(number)
    metrics.AUDITED.set(time.time())
    broken = {str(finding): number for finding, number in found.items() if number}
    if broken:
        log.error("audit_found_violations", **broken)
