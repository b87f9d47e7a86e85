"""Sends a finished delivery once more because a person asks for it."""

from dataclasses import dataclass
from uuid import UUID

from common.clock import Clock
from common.refusals import require_version
from notifier.domain.delivery import DeliveryState
from notifier.domain.errors import DeliveryUnfinished, DeliveryUnknown, NothingToRedeliver
from notifier.usecases.ports import StartWork
from notifier.usecases.views import DeliveryView


@dataclass(frozen=True, slots=True)
class Redeliver:
    """Makes a sent or given up delivery due at once, with fresh tries and the same message id."""

    start_work: StartWork
    clock: Clock

    async def __call__(self, delivery_id: UUID, *, expected_version: int | None) -> DeliveryView:
        """Ask for it again, or refuse with DeliveryUnknown, Stale, DeliveryUnfinished or NothingToRedeliver."""
        now = self.clock()
        async with self.start_work() as work:
            delivery = await work.deliveries.lock(delivery_id)
            if delivery is None:
                raise DeliveryUnknown(f"there is no delivery {delivery_id}")
            require_version(expected_version, delivery.version)
            match delivery.state:
                case DeliveryState.PLANNED | DeliveryState.SENDING | DeliveryState.FAILED:
                    raise DeliveryUnfinished(
                        f"the delivery is {delivery.state} and is tried by itself; only sent or gave_up can be asked for again"
                    )
                case DeliveryState.SENT | DeliveryState.GAVE_UP | DeliveryState.CANCELLED:
                    pass
            if not await work.notices.reopen(delivery_id):
                raise NothingToRedeliver(
                    "every deadline it told of is met, voided, set anew or answered since"
                )
            again = delivery.maybe_duplicate or delivery.state is DeliveryState.SENT
            await work.deliveries.ask_again(
                delivery_id, reason="redelivery_requested", maybe_duplicate=again, now=now
            )
            view = await work.deliveries.view(delivery_id)
        if view is None:
            raise DeliveryUnknown(f"there is no delivery {delivery_id}")
        return view
