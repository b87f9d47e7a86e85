"""Shows an amended complaint anew; what was decided about it stays."""

from dataclasses import dataclass

from capa.usecases.ports import Amendment, StartWork
from events.delivery import Delivery


@dataclass(frozen=True, slots=True)
class AmendComplaint:
    """Keeps what is shown of complaints as their source has it."""

    start_work: StartWork

    async def __call__(self, amendment: Amendment, once: Delivery) -> None:
        """Apply an amendment once."""
        async with self.start_work(once) as work:
            await work.triage.amend(amendment)
