"""What the CRM says for each arrival: requests that depend on the run's name, seed and number alone."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import orjson

from benchmarks.load.arrivals import Arrival, Kind
from benchmarks.load.complaints import Pool

PATH: Final = "/v1/complaints"
WRITES: Final = frozenset({Kind.HAND_OVER, Kind.REPEAT, Kind.AMEND})
"""What is answered with success only once the complaint is written down."""

_NO_ID_EVERY: Final = 10
"""One complaint of so many has no id in its source, as one by telephone: only its Idempotency-Key guards it."""
_AMENDED: Final = "The customer called again: it has still not been put right."


@dataclass(frozen=True, slots=True)
class Story:
    """Writes requests with the key of a CRM.

    Each complaint carries its name as serial number, by which it is found again whether it has an id or not.
    """

    run: str
    pool: Pool
    key: str

    def request(self, arrival: Arrival) -> bytes:
        """Write the request of an arrival as it goes over the wire."""
        match arrival.kind:
            case Kind.HAND_OVER | Kind.REPEAT:
                return self._post(self.body(arrival.complaint), self.name(arrival.complaint))
            case Kind.AMEND:
                number = self.subject(arrival)
                body = {**self.body(number), "remedy_sought": _AMENDED}
                return self._post(body, f"{self.name(number)}-amended")
            case Kind.READ:
                return self.get(f"{PATH}?external_id={quote(self.name(self.subject(arrival)))}")
            case Kind.LIST:
                return self.get(f"{PATH}?triage=pending&limit=25")

    def subject(self, arrival: Arrival) -> int:
        """Tell which complaint the request is about: what goes by the source's own id is about one that has such."""
        number = arrival.complaint
        if arrival.kind in {Kind.READ, Kind.AMEND} and not self.has_id(number):
            return number - 1
        return number

    def body(self, number: int) -> dict[str, object]:
        """Give a complaint as it is handed over first."""
        own: dict[str, object] = {"serial": self.name(number)}
        if self.has_id(number):
            own["external_id"] = self.name(number)
        return {**self.pool.body(number), **own}

    def name(self, number: int) -> str:
        """Give the complaint's name in this run."""
        return f"{self.run}-{number}"

    @staticmethod
    def has_id(number: int) -> bool:
        """Tell whether the complaint has an id in its source; the first has."""
        return number % _NO_ID_EVERY != _NO_ID_EVERY - 1

    def get(self, path: str) -> bytes:
        """Write a GET."""
        return get(path, self.key)

    def _post(self, body: dict[str, object], idempotency_key: str) -> bytes:
        content = orjson.dumps(body)
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {idempotency_key}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


def get(path: str, key: str | None = None) -> bytes:
    """Write a GET, with a key where one is needed."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n".encode()
