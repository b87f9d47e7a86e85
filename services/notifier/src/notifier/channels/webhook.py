"""Messages as signed posts, after Standard Webhooks."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
import orjson

from common.clock import Clock
from notifier.channels.addresses import AddressGuard, AddressRefused
from notifier.channels.signing import sign
from notifier.domain.notice import Item, Message
from notifier.domain.outcomes import GaveUp, Outcome, Sent, TryLater

BODY_TYPE: Final = "redress.notice.v1"
MOST_BYTES: Final = 18_000
"""Most bytes of the items in a body; Standard Webhooks advises bodies below 20 kB."""

_ANSWER_BYTES: Final = 4_096
_TITLE: Final = 200
_GONE: Final = 410
_TRANSIENT: Final = frozenset({408, 425, 429})
_SECONDS = re.compile(r"[0-9]{1,7}")


class WebhookChannel:
    """Posts a message to the person's URL; one attempt, no redirect followed, proxies of the environment ignored."""

    def __init__(self, guard: AddressGuard, clock: Clock, *, timeout: timedelta) -> None:
        self._guard = guard
        self._clock = clock
        self._timeout = timeout.total_seconds()
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=self._timeout,
            # A kept connection is found by its address and not by its name, so none is kept.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def send(self, message: Message) -> Outcome:
        """Make one attempt; the reason is a code and never repeats what the other side said."""
        webhook = message.person.webhook
        if webhook is None:
            return GaveUp("no_channel")
        now = self._clock()
        body = webhook_body(message)
        message_id = str(message.delivery_id)
        timestamp = int(now.timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "redress-notifier",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(message_id, timestamp, body, webhook.signing_secrets(now)),
        }
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(httpx.URL(webhook.url), body, headers, now)
        except (AddressRefused, httpx.TransportError, httpx.InvalidURL, OSError, ValueError) as error:
            return outcome_of_failure(error)

    async def _post(self, url: httpx.URL, body: bytes, headers: dict[str, str], now: datetime) -> Outcome:
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await self._guard.pin(url.host, port)
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers=headers | {"host": url.netloc.decode("ascii")},
            # The certificate must be the name's, though the address is connected to.
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        response = await self._client.send(request, stream=True)
        try:
            await _read_a_little(response)
            return outcome_of(response.status_code, response.headers, now)
        finally:
            await response.aclose()


def outcome_of_failure(error: Exception) -> Outcome:
    """Judge a failure without an answer; after the connection was made, the message may have arrived."""
    match error:
        case AddressRefused():
            return GaveUp("address_refused")
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return TryLater("unreachable")
        case TimeoutError() | httpx.TimeoutException():
            return TryLater("timeout", maybe_delivered=True)
        case httpx.TransportError():
            return TryLater("connection_broken", maybe_delivered=True)
        case OSError():
            return TryLater("unreachable")
        case _:
            return GaveUp("invalid_url")


def outcome_of(status: int, headers: Mapping[str, str], now: datetime) -> Outcome:
    """Judge an answer: 2xx is taken, 410 wants no more, 408, 425, 429 and 5xx may pass, the rest is final."""
    if httpx.codes.is_success(status):
        return Sent()
    if status == _GONE:
        return GaveUp("http_410", disable=True)
    if status in _TRANSIENT or httpx.codes.is_server_error(status):
        return TryLater(f"http_{status}", retry_after(headers.get("retry-after"), now))
    return GaveUp(f"http_{status}")


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header in seconds or as a date; None where it is absent or makes no sense."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return timedelta(seconds=int(value))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())


def webhook_body(message: Message) -> bytes:
    """Write the body: as many items as fit, and how many there are; a later attempt leaves out what was met since."""
    items: list[dict[str, Any]] = []
    size = 0
    for item in message.items:
        data = _item(item)
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


def _item(item: Item) -> dict[str, Any]:
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
    }


async def _read_a_little(response: httpx.Response) -> None:
    read = 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        if read >= _ANSWER_BYTES:
            return
