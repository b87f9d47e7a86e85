"""What happened to a complaint."""

from dataclasses import dataclass

from intake.domain.complaint import Complaint


@dataclass(frozen=True, slots=True)
class Received:
    """A complaint was written down for the first time."""

    complaint: Complaint


@dataclass(frozen=True, slots=True)
class Amended:
    """A complaint is known otherwise now; `changed` names what differs."""

    before: Complaint
    after: Complaint
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusNoted:
    """The source says where its own work on a complaint stands."""

    before: Complaint
    after: Complaint


Fact = Received | Amended | StatusNoted
