"""One attempt to post a signed message, and what its answer means; whoever calls decides when to try again."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from chassis.webhooks.addresses import AddressGuard, AddressRefused
from chassis.webhooks.signing import sign
from common.clock import Clock
from common.letters import Later, Letter, Refused, Taken, Verdict

_ANSWER_BYTES: Final = 4_096
_SAID: Final = 500
_GONE: Final = 410
_TRANSIENT: Final = frozenset({408, 425, 429})
_SECONDS: Final = re.compile(r"[0-9]{1,7}")


class Poster:
    """Posts letters: no redirect is followed, proxies of the environment are ignored, private addresses are refused."""

    def __init__(self, guard: AddressGuard, clock: Clock, *, timeout: timedelta, user_agent: str) -> None:
        self._guard = guard
        self._clock = clock
        self._timeout = timeout.total_seconds()
        self._user_agent = user_agent
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

    async def post(self, letter: Letter) -> Verdict:
        """Make one attempt, within the timeout as a whole."""
        now = self._clock()
        timestamp = int(now.timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": self._user_agent,
            "webhook-id": letter.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(letter.id, timestamp, letter.body, letter.secrets),
        }
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(httpx.URL(letter.url), letter.body, headers, now)
        except (AddressRefused, httpx.TransportError, httpx.InvalidURL, OSError, ValueError) as error:
            return verdict_of_failure(error)

    async def _post(self, url: httpx.URL, body: bytes, headers: dict[str, str], now: datetime) -> Verdict:
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
            said = await _read_a_little(response)
            return verdict_of(response.status_code, response.headers, now, said=said)
        finally:
            await response.aclose()


def verdict_of(status: int, headers: Mapping[str, str], now: datetime, *, said: str = "") -> Verdict:
    """Judge an answer: 2xx is taken, 410 wants no more, 408, 425, 429 and 5xx may pass, the rest is final."""
    if httpx.codes.is_success(status):
        return Taken(status, said)
    if status == _GONE:
        return Refused("http_410", status, gone=True, said=said)
    if status in _TRANSIENT or httpx.codes.is_server_error(status):
        return Later(f"http_{status}", status, retry_after(headers.get("retry-after"), now), said=said)
    return Refused(f"http_{status}", status, said=said)


def verdict_of_failure(error: Exception) -> Verdict:
    """Judge a failure without an answer; after the connection was made, the message may have arrived."""
    match error:
        case AddressRefused():
            return Refused("address_refused")
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return Later("unreachable")
        case TimeoutError() | httpx.TimeoutException():
            return Later("timeout", maybe_delivered=True)
        case httpx.TransportError():
            return Later("connection_broken", maybe_delivered=True)
        case OSError():
            return Later("unreachable")
        case _:
            return Refused("invalid_url")


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


async def _read_a_little(response: httpx.Response) -> str:
    read = b""
    # Unpacked by nobody: a small answer that unpacks to a large one is not worth reading.
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= _ANSWER_BYTES:
            break
    text = read[:_SAID].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
