"""Follow nonconformities: keep to which one a complaint belongs."""

from events.delivery import Delivery
from intake.domain.progress import NonconformityMoved, NonconformitySeen
from intake.usecases.ports import StartWork


class FollowNonconformity:
    """Keeps a nonconformity and the complaints that belong to it."""

    def __init__(self, start_work: StartWork) -> None:
        self._start_work = start_work

    async def __call__(self, seen: NonconformitySeen, delivery: Delivery) -> None:
        """Keep it once; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.nonconformity(seen)

    async def moved(self, moved: NonconformityMoved, delivery: Delivery) -> None:
        """Keep once where it stands now; raises AlreadyHandled for a second delivery."""
        async with self._start_work(once=delivery) as work:
            await work.progress.moved(moved)
