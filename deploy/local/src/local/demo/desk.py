"""The three services as the demo sees them: clients with one key, lists read whole, refusals told in words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

_PAGE: Final = 100
_TIMEOUT: Final = 30.0

Item = Mapping[str, Any]


class DemoError(Exception):
    """What keeps the demo from going on, for a person."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A client of each service."""

    intake: httpx.Client
    capa: httpx.Client
    notifier: httpx.Client


@contextmanager
def open_desk(run: Mapping[str, Any]) -> Iterator[Desk]:
    """Reach the services of a running system as its administrator; raises DemoError where there is no key."""
    key = run["keys"].get("admin")
    if key is None:
        raise DemoError(
            "The demo uses the keys that `make run` makes; this system runs with keys of its own. "
            "Start it without REDRESS_KEYS_FILE and REDRESS_PEPPER."
        )

    def client(service: str) -> httpx.Client:
        # Loopback never goes through a proxy, whatever the environment says.
        return httpx.Client(
            base_url=run["services"][service]["url"],
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    with client("intake") as intake, client("capa") as capa, client("notifier") as notifier:
        yield Desk(intake, capa, notifier)


def answered(answer: httpx.Response) -> dict[str, Any]:
    """Give the JSON of a success; raises DemoError with the service's words otherwise."""
    if answer.is_error:
        raise DemoError(
            f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text[:500]}"
        )
    found: dict[str, Any] = answer.json()
    return found


def pages(client: httpx.Client, path: str, **query: Any) -> Iterator[Item]:
    """Read a list item by item, fetching the next page only when it is asked for."""
    parameters = {"limit": _PAGE, **query}
    while True:
        page = answered(client.get(path, params=parameters))
        yield from page["items"]
        if not page["has_more"]:
            return
        parameters["cursor"] = page["next_cursor"]
