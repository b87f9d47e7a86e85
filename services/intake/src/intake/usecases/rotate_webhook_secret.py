"""Rotate a webhook's secret: the new one signs at once, and the former one beside it for a day."""

from collections.abc import Callable
from uuid import UUID

from intake.domain.webhook import Endpoint, rotate
from intake.usecases.crm_ports import StartCrmWork
from intake.usecases.ports import Clock


class RotateWebhookSecret:
    """Rotates secrets."""

    def __init__(self, start_work: StartCrmWork, clock: Clock, new_secret: Callable[[], str]) -> None:
        self._start_work = start_work
        self._clock = clock
        self._new_secret = new_secret

    async def __call__(self, endpoint_id: UUID, *, expected: int | None, within: str | None) -> Endpoint:
        """Return it with the new secret; raises NoSuchWebhook and Stale."""
        async with self._start_work() as work:
            known = await work.endpoints.lock(endpoint_id, within=within)
            told = rotate(known, self._new_secret(), expected=expected, now=self._clock())
            await work.endpoints.save(told)
        return told
