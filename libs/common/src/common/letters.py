"""A message that is posted to a URL, and what one attempt to post it came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be posted: to which URL, under which id, with which body, signed with each of these secrets."""

    url: str
    id: str
    body: bytes
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """The receiver took the message; `said` is the beginning of its answer."""

    status: int
    said: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """It failed in a way that may pass; `maybe_delivered` where the receiver may have taken it all the same."""

    reason: str
    status: int | None = None
    after: timedelta | None = None
    maybe_delivered: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """No further try can help; `gone` where the receiver wants no message any more."""

    reason: str
    status: int | None = None
    gone: bool = False
    said: str = ""


Verdict = Taken | Later | Refused
"""What one attempt came to; a reason is a code and never repeats what the receiver said."""
