"""Takes reports of how many units were shipped, sold or in use."""

from collections.abc import Sequence
from dataclasses import dataclass

from capa.domain.signals.exposure import Exposure
from capa.usecases.ports import StartWork


@dataclass(frozen=True, slots=True)
class ReportExposure:
    """Writes figures down, all or none; a figure for the same first day is replaced."""

    start_work: StartWork

    async def __call__(self, exposures: Sequence[Exposure]) -> Sequence[bool]:
        """Tell of each whether it is new; refuses with ExposureOverlaps."""
        async with self.start_work() as work:
            return await work.exposures.report(exposures)
