"""A complaint, as far as triage needs to know it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from capa.domain.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What intake announced; `version` is the complaint's own, `received_at` when it reached the organisation.

    `site` is the one that it concerns, None where nobody said.
    """

    id: UUID
    number: str
    version: int
    severity: Severity
    product: str
    category: str
    channel: str
    received_at: datetime
    historical: bool
    correlation_id: UUID
    site: str | None = None
