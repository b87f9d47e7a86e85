"""What the feed of changes and webhooks need from outside."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.letters import Letter, Verdict
from common.page import Page
from intake.domain.change import Change, ChangeType, Noticed
from intake.domain.webhook import DeliveryState, Endpoint

Post = Callable[[Letter], Awaitable[Verdict]]
"""Makes one attempt to post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One change on its way to one endpoint."""

    id: UUID
    webhook_id: UUID
    """The id that the receiver sees, the same at every attempt: that of the change."""
    type: ChangeType
    complaint_id: UUID
    number: str
    state: DeliveryState
    attempts: int
    maybe_duplicate: bool
    reason: str | None
    status: int | None
    created_at: datetime
    next_attempt_at: datetime | None
    attempted_at: datetime | None
    delivered_at: datetime | None
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that this process alone may attempt until its lease ends."""

    id: UUID
    endpoint: Endpoint
    change: Change
    token: UUID
    tries: int
    maybe_duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an attempt left of a delivery."""

    state: DeliveryState
    reason: str | None
    status: int | None
    next_attempt_at: datetime | None
    maybe_duplicate: bool


class Endpoints(Protocol):
    """The endpoints inside one transaction; `within` keeps a caller to one source system."""

    async def lock(self, endpoint_id: UUID, *, within: str | None = None) -> Endpoint:
        """Read one and keep others from changing it; raises NoSuchWebhook."""
        ...

    async def lock_free(self, endpoint_id: UUID) -> Endpoint | None:
        """Read and lock one that is enabled, unless another transaction has it: then None."""
        ...

    async def count(self, source_system: str | None) -> int:
        """Count those of a source, and keep others from adding one meanwhile."""
        ...

    async def insert(self, endpoint: Endpoint) -> None:
        """Add one."""
        ...

    async def save(self, endpoint: Endpoint) -> None:
        """Replace one that is locked."""
        ...

    async def delete(self, endpoint_id: UUID) -> None:
        """Remove one that is locked, and its deliveries."""
        ...


class Deliveries(Protocol):
    """The deliveries inside one transaction."""

    async def plan(self, positions: Sequence[int], *, now: datetime) -> int:
        """Have these changes posted to every enabled endpoint that wants them; give the number of deliveries."""
        ...

    async def claim(
        self, endpoint: Endpoint, *, token: UUID, now: datetime, until: datetime, most: int
    ) -> Sequence[Claimed]:
        """Take up what is due, at most so many under way at once, never two of one complaint."""
        ...

    async def settle(self, delivery_id: UUID, token: UUID, settled: Settled, *, now: datetime) -> bool:
        """End an attempt; False where the lease was lost to another process."""
        ...

    async def lock(self, endpoint_id: UUID, delivery_id: UUID) -> DeliveryView:
        """Read one and keep others from changing it; raises NoSuchDelivery."""
        ...

    async def ask_again(self, delivery_id: UUID, *, now: datetime) -> None:
        """Have one sent again at once, with fresh tries."""
        ...

    async def ask_again_since(self, endpoint: Endpoint, since: datetime, *, now: datetime, most: int) -> int:
        """Have sent what failed, and what was never planned, of the changes since then; give how many."""
        ...


class Feed(Protocol):
    """The feed inside one transaction."""

    async def hold(self) -> int | None:
        """Give the last position and keep all others from adding to the feed; None where another is about it."""
        ...

    async def take(self, most: int) -> Sequence[Noticed]:
        """Take changes from the queue in the order in which they were noticed, with the complaints as they are now."""
        ...

    async def append(self, changes: Sequence[Change]) -> None:
        """Add to the end of the feed, which this transaction holds."""
        ...

    async def forget(self, *, before: datetime, most: int) -> int:
        """Forget the oldest changes that were recorded before; give how many."""
        ...


class CrmWork(Protocol):
    """One transaction: leaving its block commits, and an exception undoes it."""

    @property
    def endpoints(self) -> Endpoints:
        """The endpoints."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries."""
        ...

    @property
    def feed(self) -> Feed:
        """The feed."""
        ...


class StartCrmWork(Protocol):
    """Begins one transaction."""

    def __call__(self) -> AbstractAsyncContextManager[CrmWork]:
        """Begin."""
        ...


class CrmViews(Protocol):
    """Reads the feed, endpoints and deliveries; `within` keeps a caller to one source system."""

    async def changes(self, *, after: int, limit: int, within: str | None) -> Sequence[Change]:
        """Read on in the feed."""
        ...

    async def bounds(self) -> tuple[int, int]:
        """Give the position up to which the feed has forgotten, and its last position."""
        ...

    async def endpoints(self, *, after: UUID | None, limit: int, within: str | None) -> Page[Endpoint]:
        """Read a page of endpoints in the order in which they were made."""
        ...

    async def endpoint(self, endpoint_id: UUID, *, within: str | None) -> Endpoint:
        """Read one; raises NoSuchWebhook."""
        ...

    async def deliveries(
        self,
        endpoint_id: UUID,
        *,
        state: DeliveryState | None,
        after: int | None,
        limit: int,
        within: str | None,
    ) -> Page[DeliveryView]:
        """Read a page of an endpoint's deliveries, the latest change first; raises NoSuchWebhook."""
        ...

    async def due(self, now: datetime) -> Sequence[UUID]:
        """List the endpoints that something is due for now."""
        ...
