"""A complaint: what a customer said went wrong, and what its source has said about it since."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Final
from uuid import UUID

from common.canonical import canonical
from common.clock import instant_text
from intake.domain.errors import FromTheFuture

LONGEST_CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a source's clock may run ahead of ours."""

UNCLASSIFIED: Final = "unclassified"
"""The category of a complaint that nobody has sorted yet."""


WITHHELD: Final = frozenset({"title", "description", "remedy_sought", "serial", "complainant", "attachments"})
"""What may hold a person's words or data, by its name in an account."""

FORGOTTEN: Final = b""
"""The fingerprint of a telling that was erased with the person."""


class Channel(StrEnum):
    """How the complaint reached us."""

    PHONE = "phone"
    EMAIL = "email"
    WEB = "web"
    LETTER = "letter"
    IN_PERSON = "in_person"
    SOCIAL = "social"
    FIELD_SERVICE = "field_service"
    CRM = "crm"
    SURVEY = "survey"
    REGULATOR = "regulator"
    OTHER = "other"


class Severity(StrEnum):
    """How bad the consequence is, as the source sees it."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class State(StrEnum):
    """Where the work on a complaint stands."""

    RECEIVED = "received"
    ASSESSED = "assessed"
    INVESTIGATING = "investigating"
    RESPONDED = "responded"
    CLOSED = "closed"
    NOT_A_COMPLAINT = "not_a_complaint"
    LINKED = "linked"
    REFERRED = "referred"
    WITHDRAWN = "withdrawn"


ENDED: Final = frozenset({State.CLOSED, State.NOT_A_COMPLAINT, State.REFERRED, State.WITHDRAWN})
"""The states in which nothing more is done about a complaint, unless it is opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complainant:
    """Who complains: personal data, kept apart from the complaint."""

    reference: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Where a document that belongs to the complaint lies; Redress holds no copy."""

    name: str
    url: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is said about the complaint; a later account replaces the former one whole."""

    channel: Channel
    reported_severity: Severity
    product: str
    description: str
    category: str = UNCLASSIFIED
    lot: str | None = None
    site: str | None = None
    serial: str | None = None
    title: str | None = None
    remedy_sought: str | None = None
    occurred_at: datetime | None = None
    complainant: Complainant | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmStatus:
    """What a source says of its own work on a complaint: its own code, since when, its reference and a note."""

    code: str
    at: datetime
    reference: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One telling by a source; times that it leaves out are taken from the clock, or stay as they are."""

    source_system: str
    account: Account
    external_id: str | None = None
    source_updated_at: datetime | None = None
    aware_at: datetime | None = None
    received_at: datetime | None = None
    historical: bool = False

    def digest(self) -> bytes:
        """Fingerprint what was told, to know the same telling again whatever was corrected here meanwhile."""
        # Only what was said counts, so that a field that a later release adds changes no fingerprint.
        account = self.account
        told = {name: value for name in ACCOUNT if (value := getattr(account, name))}
        told |= {"aware_at": self.aware_at, "received_at": self.received_at}
        return hashlib.sha256(canonical(told, plain)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComplaint:
    """A complaint that has no number yet.

    Four times are kept apart: `account.occurred_at` in the world, `aware_at` when the organisation learned of it,
    `received_at` when it reached us, `recorded_at` when it was written down.
    """

    id: UUID
    source_system: str
    external_id: str | None
    source_updated_at: datetime | None
    source_digest: bytes
    account: Account
    aware_at: datetime
    received_at: datetime
    recorded_at: datetime
    historical: bool
    correlation_id: UUID
    state: State = State.RECEIVED
    version: int = 1
    crm_status: CrmStatus | None = None

    def numbered(self, number: str) -> "Complaint":
        """Give it the number that a person can say."""
        return Complaint(number=number, **dict(zip(_NEW, _new_of(self), strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint(NewComplaint):
    """A complaint as it is known here; `number` is said on the phone, such as C-10023.

    At `erased_at` its personal data was erased, and none is taken since.
    """

    number: str
    erased_at: datetime | None = None


def receive(report: Report, *, complaint_id: UUID, correlation_id: UUID, now: datetime) -> NewComplaint:
    """Take a complaint that was never heard of before; refuses times that lie in the future."""
    received_at = report.received_at or now
    aware_at = report.aware_at or received_at
    refuse_future(now, received_at=received_at, aware_at=aware_at, occurred_at=report.account.occurred_at)
    return NewComplaint(
        id=complaint_id,
        source_system=report.source_system,
        external_id=report.external_id,
        source_updated_at=report.source_updated_at,
        source_digest=report.digest(),
        account=report.account,
        aware_at=aware_at,
        received_at=received_at,
        recorded_at=now,
        historical=report.historical,
        correlation_id=correlation_id,
    )


def refuse_future(now: datetime, **times: datetime | None) -> None:
    """Refuse times that lie further ahead than clocks may differ."""
    latest = now + LONGEST_CLOCK_SKEW
    ahead = [name for name, at in times.items() if at is not None and at > latest]
    if ahead:
        raise FromTheFuture(*ahead)


def plain(value: object) -> object:
    """Write a value in the one way that JSON can hold it."""
    if value is None or isinstance(value, str):
        return value
    names = _NAMES.get(type(value))
    if names is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


_NAMES: Final[Mapping[type, tuple[str, ...]]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (Account, Complainant, Attachment)
}
ACCOUNT: Final = tuple(field.name for field in fields(Account))
"""The names of everything that is said in an account."""

_NEW: Final = tuple(field.name for field in fields(NewComplaint))
_new_of: Final = attrgetter(*_NEW)
