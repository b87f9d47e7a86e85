"""Try a webhook: post a test and tell what the receiver said."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson

from common.clock import instant_text
from common.ids import new_id
from common.letters import Later, Letter, Verdict
from intake.domain.webhook import TEST, Endpoint
from intake.usecases.crm_ports import CrmViews, Post
from intake.usecases.ports import Clock

SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 - a reason
"""The pepper was replaced since the secret was made: rotate the secret."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Under which id the test went out, and what came of it."""

    webhook_id: UUID
    verdict: Verdict


class TryWebhook:
    """Posts a test at once, also to an endpoint that is disabled; it counts for nothing else and is not repeated."""

    def __init__(self, views: CrmViews, post: Post, clock: Clock) -> None:
        self._views = views
        self._post = post
        self._clock = clock

    async def __call__(self, endpoint_id: UUID, *, within: str | None) -> Tried:
        """Post it; raises NoSuchWebhook."""
        endpoint = await self._views.endpoint(endpoint_id, within=within)
        now = self._clock()
        test_id = new_id()
        body = {
            "type": TEST,
            "timestamp": instant_text(now),
            "data": {"webhook_id": str(endpoint.id), "source_system": endpoint.source_system},
        }
        secrets = endpoint.signing_secrets(now)
        if not secrets:
            return Tried(test_id, Later(SECRET_UNREADABLE))
        return Tried(test_id, await self._post(letter_to(endpoint, test_id, body, secrets)))


def letter_to(
    endpoint: Endpoint, message_id: UUID, body: Mapping[str, object], secrets: tuple[str, ...]
) -> Letter:
    """Write what is posted to an endpoint."""
    return Letter(endpoint.url, str(message_id), orjson.dumps(body), secrets)
