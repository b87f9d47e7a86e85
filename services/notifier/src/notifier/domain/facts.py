"""What happened, as the domain says it."""

from dataclasses import dataclass
from datetime import datetime

from notifier.domain.answer import Answer
from notifier.domain.deadline import Deadline
from notifier.domain.notice import Notice
from notifier.domain.routing import Unroutable


@dataclass(frozen=True, slots=True)
class Warned:
    """A reminder's moment came."""

    deadline: Deadline
    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Breached:
    """The due instant passed and nothing said that it was met."""

    deadline: Deadline
    at: datetime


@dataclass(frozen=True, slots=True)
class NobodyToTell:
    """A step found nobody to tell; `fallback` was told instead, where there is one."""

    deadline: Deadline
    step: str
    unroutable: Unroutable
    fallback: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """One recipient was told."""

    deadline: Deadline
    notice: Notice
    maybe_duplicate: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class NoticeFailed:
    """One recipient could not be told, and no further try is made."""

    deadline: Deadline
    notice: Notice
    reason: str
    attempts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody acknowledged or snoozed what was told of a deadline."""

    deadline: Deadline
    answer: Answer

    @property
    def at(self) -> datetime:
        """When."""
        return self.answer.at


Fact = Warned | Breached | NobodyToTell | NoticeSent | NoticeFailed | Answered
