"""Messages as signed posts, after Standard Webhooks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

import orjson

from chassis.webhooks.addresses import AddressGuard
from chassis.webhooks.posting import Poster, verdict_of
from common.clock import Clock
from common.letters import Later, Letter, Refused, Taken, Verdict
from notifier.channels.links import Links
from notifier.domain.notice import Item, Message
from notifier.domain.outcomes import GaveUp, Outcome, Sent, TryLater
from notifier.domain.person import Person

BODY_TYPE: Final = "redress.notice.v1"
MOST_BYTES: Final = 18_000
"""Most bytes of the items in a body; Standard Webhooks advises bodies below 20 kB."""

_TITLE: Final = 200


class WebhookChannel:
    """Posts a message to the person's URL; one attempt, no redirect followed, proxies of the environment ignored."""

    def __init__(self, guard: AddressGuard, clock: Clock, links: Links, *, timeout: timedelta) -> None:
        self._links = links
        self._clock = clock
        self._poster = Poster(guard, clock, timeout=timeout, user_agent="redress-notifier")

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()

    async def send(self, message: Message) -> Outcome:
        """Make one attempt; the reason is a code and never repeats what the other side said."""
        webhook = message.person.webhook
        if webhook is None:
            return GaveUp("no_channel")
        secrets = webhook.signing_secrets(self._clock())
        if not secrets:
            return TryLater("secret_unreadable")
        letter = Letter(webhook.url, str(message.delivery_id), webhook_body(message, self._links), secrets)
        return _outcome(await self._poster.post(letter))


def outcome_of(status: int, headers: Mapping[str, str], now: datetime) -> Outcome:
    """Judge an answer: 2xx is taken, 410 wants no more, 408, 425, 429 and 5xx may pass, the rest is final."""
    return _outcome(verdict_of(status, headers, now))


def _outcome(verdict: Verdict) -> Outcome:
    match verdict:
        case Taken():
            return Sent()
        case Later(reason, _, after, maybe_delivered):
            return TryLater(reason, after, maybe_delivered)
        case Refused(reason, _, gone):
            return GaveUp(reason, disable=gone)
        case never:
            assert_never(never)


def webhook_body(message: Message, links: Links) -> bytes:
    """Write the body: as many items as fit, and how many there are; a later attempt leaves out what was met since."""
    items: list[dict[str, Any]] = []
    size = 0
    for item in message.items:
        data = _item(item, message.person, links)
        size += len(orjson.dumps(data)) + 1
        if size > MOST_BYTES:
            break
        items.append(data)
    data = {
        "delivery_id": str(message.delivery_id),
        "recipient": message.person.id,
        "total": message.total,
        "notices": items,
    }
    return orjson.dumps(
        {"type": BODY_TYPE, "timestamp": message.written_at, "data": data}, option=orjson.OPT_UTC_Z
    )


def _item(item: Item, person: Person, links: Links) -> dict[str, Any]:
    return {
        "notice_id": str(item.notice_id),
        "subject_kind": item.subject_kind,
        "subject_id": str(item.subject_id),
        "clock": item.clock,
        "step": item.step,
        "kind": str(item.kind),
        "title": item.title[:_TITLE],
        "due_at": item.due_at,
        "severity": str(item.severity),
        "owner": item.owner,
        "link": item.link,
        "why": item.why,
        "deadline": links.deadline(item),
        "acknowledge": links.acknowledge(item, person),
    }
