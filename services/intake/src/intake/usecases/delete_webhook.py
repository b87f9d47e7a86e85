"""Delete a webhook: nothing is posted there any more."""

from uuid import UUID

from common.refusals import require_version
from intake.usecases.crm_ports import StartCrmWork


class DeleteWebhook:
    """Deletes endpoints, with their deliveries; the feed of changes keeps what they told of."""

    def __init__(self, start_work: StartCrmWork) -> None:
        self._start_work = start_work

    async def __call__(self, endpoint_id: UUID, *, expected: int | None, within: str | None) -> None:
        """Delete one that was read in version `expected` (None: any); raises NoSuchWebhook and Stale."""
        async with self._start_work() as work:
            known = await work.endpoints.lock(endpoint_id, within=within)
            require_version(expected, known.version)
            await work.endpoints.delete(known.id)
