"""What intake announces about complaints."""

from typing import ClassVar

from events.contracts.words import Severity
from events.envelope import Contract
from events.types import Code, Flag, Id, Instant, Number


class ComplaintReceivedV1(Contract):
    """A complaint was accepted and written down."""

    type: ClassVar[str] = "redress.complaint.received.v1"

    complaint_id: Id
    number: Number
    source_system: Code
    channel: Code
    reported_severity: Severity
    product: Code
    category: Code
    lot: Code | None = None
    occurred_at: Instant | None = None
    aware_at: Instant
    received_at: Instant
    historical: Flag = False
    site: Code | None = None


class ComplaintAmendedV1(Contract):
    """The source sent the same complaint with another body, or staff corrected it."""

    type: ClassVar[str] = "redress.complaint.amended.v1"

    complaint_id: Id
    number: Number
    changed: tuple[Code, ...]
    reported_severity: Severity
    product: Code
    category: Code
    lot: Code | None = None
    site: Code | None = None
