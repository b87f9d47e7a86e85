"""The few HTTP calls that the supervisor makes to its own services, on the standard library alone to stay small."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback never goes through a proxy


class CallError(Exception):
    """A service did not give the answer that was needed; the text has its status and words."""


def call(method: str, url: str, *, key: str | None = None, body: Any = None, timeout: float = 10.0) -> Any:
    """Call an API of this machine and return its JSON; raises CallError for anything but success."""
    headers = {"Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the URL is our own
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            words = error.read(2_000).decode(errors="replace")
        raise CallError(f"{method} {url} answered {error.code}: {words}") from None
    except (OSError, ValueError) as error:
        raise CallError(f"{method} {url} failed: {error}") from None


async def is_ready(url: str) -> bool:
    """Whether the readiness probe at this URL succeeds within two seconds."""

    def asked() -> bool:
        try:
            with _OPENER.open(url, timeout=2) as answer:
                return bool(answer.status < 300)  # noqa: PLR2004 - success, as HTTP has it
        except (OSError, ValueError):
            return False

    return await asyncio.to_thread(asked)


async def listens(host: str, port: int) -> bool:
    """Whether something takes connections at this address."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
