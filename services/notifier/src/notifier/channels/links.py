"""Where a recipient reads a deadline, and where its owner answers."""

from urllib.parse import quote

from notifier.domain.ladder import StepKind
from notifier.domain.notice import Item
from notifier.domain.person import Person


class Links:
    """Addresses of notifier's own API, below its public base; paths alone where none is set."""

    def __init__(self, public_url: str | None) -> None:
        self._base = (public_url or "").rstrip("/")

    def deadline(self, item: Item) -> str:
        """Say where the deadline is read: its ladder, what was answered, what comes next."""
        return f"{self._base}/v1/deadlines/{item.subject_id}/{quote(item.clock, safe='')}"

    def acknowledge(self, item: Item, person: Person) -> str | None:
        """Say where the owner posts "seen, I am on it"; None for others, and before the deadline is due.

        No secret is in it: only who may answer opens it, and only a POST acts, since mail gateways follow links.
        """
        if item.owner != person.id or item.kind is StepKind.REMINDER:
            return None
        return f"{self.deadline(item)}/acknowledge"
