"""Change a webhook: its URL, what it is told of, whether it is told at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from intake.domain.webhook import Endpoint, change
from intake.usecases.crm_ports import StartCrmWork
from intake.usecases.ports import Clock


@dataclass(frozen=True, slots=True)
class ChangeOf:
    """Which endpoint, read in which version (None: any), gets which new values; `within` as everywhere."""

    endpoint_id: UUID
    expected: int | None
    changes: Mapping[str, Any]
    within: str | None


class ChangeWebhook:
    """Changes endpoints; one that is enabled again starts afresh, and what waited for it goes out."""

    def __init__(self, start_work: StartCrmWork, clock: Clock) -> None:
        self._start_work = start_work
        self._clock = clock

    async def __call__(self, command: ChangeOf) -> Endpoint:
        """Return it as it is now; raises NoSuchWebhook, Stale and WebhookInvalid."""
        async with self._start_work() as work:
            known = await work.endpoints.lock(command.endpoint_id, within=command.within)
            told = change(known, command.changes, expected=command.expected, now=self._clock())
            if told is not known:
                await work.endpoints.save(told)
        return told
