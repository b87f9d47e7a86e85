"""Register a webhook: from now on a source system is told of its complaints' changes at this URL."""

from collections.abc import Callable
from dataclasses import dataclass

from common.actor import Actor
from common.ids import new_id
from intake.domain.change import ChangeType
from intake.domain.errors import ForeignSource
from intake.domain.webhook import Endpoint, register
from intake.usecases.crm_ports import StartCrmWork
from intake.usecases.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where to post which changes; `within` is the caller's own source system, None for staff."""

    url: str
    description: str | None
    event_types: tuple[ChangeType, ...]
    source_system: str | None
    actor: Actor
    within: str | None


class RegisterWebhook:
    """Registers endpoints; each gets a secret of its own."""

    def __init__(self, start_work: StartCrmWork, clock: Clock, new_secret: Callable[[], str]) -> None:
        self._start_work = start_work
        self._clock = clock
        self._new_secret = new_secret

    async def __call__(self, command: Register) -> Endpoint:
        """Return it with its secret; raises WebhookInvalid, ForeignSource and TooManyWebhooks."""
        if command.within is not None and command.source_system not in {None, command.within}:
            raise ForeignSource(command.within)
        source = command.within or command.source_system
        async with self._start_work() as work:
            endpoint = register(
                endpoint_id=new_id(),
                source_system=source,
                url=command.url,
                description=command.description,
                event_types=command.event_types,
                secret=self._new_secret(),
                already=await work.endpoints.count(source),
                actor=command.actor,
                now=self._clock(),
            )
            await work.endpoints.insert(endpoint)
        return endpoint
