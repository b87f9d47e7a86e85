"""Complaints as rows, and rows as complaints."""

from datetime import datetime
from typing import Any, Final

import orjson

from common import history
from intake.domain.complaint import (
    Account,
    Attachment,
    Channel,
    Complainant,
    Complaint,
    CrmStatus,
    NewComplaint,
    Severity,
    State,
    plain,
)
from intake.domain.trail import Trace

PREFIX: Final = "C-"
COMPLAINANT: Final = ("reference", "name", "email", "phone", "address", "country")
STATUS: Final = ("code", "reference", "note", "at")
NO_COMPLAINANT: Final = Complainant()


def number_text(number: int) -> str:
    """Write a complaint's number as a person says it."""
    return f"{PREFIX}{number}"


def complaint_values(complaint: NewComplaint, *, updated_at: datetime) -> dict[str, Any]:
    """Give the columns of `complaint` but its number."""
    account = complaint.account
    return {
        "id": complaint.id,
        "source_system": complaint.source_system,
        "external_id": complaint.external_id,
        "source_updated_at": complaint.source_updated_at,
        "source_digest": complaint.source_digest,
        "channel": account.channel.value,
        "reported_severity": account.reported_severity.value,
        "product": account.product,
        "category": account.category,
        "lot": account.lot,
        "site": account.site,
        "serial": account.serial,
        "title": account.title,
        "description": account.description,
        "remedy_sought": account.remedy_sought,
        "attachments": json_text(plain(account.attachments)) if account.attachments else "[]",
        "occurred_at": account.occurred_at,
        "aware_at": complaint.aware_at,
        "received_at": complaint.received_at,
        "recorded_at": complaint.recorded_at,
        "updated_at": updated_at,
        "historical": complaint.historical,
        "state": complaint.state.value,
        "version": complaint.version,
        "correlation_id": complaint.correlation_id,
    }


def status_values(complaint: Complaint) -> dict[str, Any]:
    """Give the columns of what the source says of its own work; all None where it has said nothing."""
    status = complaint.crm_status
    return {f"crm_status_{name}": None if status is None else getattr(status, name) for name in STATUS}


def complainant_values(complaint: NewComplaint) -> dict[str, str | None]:
    """Give the columns of `complainant` but its key; all None where nobody is named."""
    complainant = complaint.account.complainant or NO_COMPLAINANT
    return {name: getattr(complainant, name) for name in COMPLAINANT}


def trace_values(trace: Trace) -> dict[str, Any]:
    """Give the columns of `complaint_history` but its key."""
    entry = trace.entry
    return {
        "position": entry.position,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "changes": json_text(entry.changes),
        "reason": entry.reason,
        "withheld": None if trace.withheld is None else json_text(trace.withheld),
        "previous": entry.previous,
        "hash": entry.hash,
    }


def complaint_of(row: Any) -> Complaint:
    """Read a complaint from a row that holds its columns, its complainant's under `person_…` and `has_complainant`."""
    return Complaint(
        id=row.id,
        number=number_text(row.number),
        source_system=row.source_system,
        external_id=row.external_id,
        source_updated_at=row.source_updated_at,
        source_digest=bytes(row.source_digest),
        account=_account(row),
        aware_at=row.aware_at,
        received_at=row.received_at,
        recorded_at=row.recorded_at,
        historical=row.historical,
        correlation_id=row.correlation_id,
        state=State(row.state),
        version=row.version,
        erased_at=row.erased_at,
        crm_status=None
        if row.crm_status_code is None
        else CrmStatus(
            code=row.crm_status_code,
            at=row.crm_status_at,
            reference=row.crm_status_reference,
            note=row.crm_status_note,
        ),
    )


def entry_of(row: Any) -> history.Entry:
    """Read one entry of a history."""
    return history.Entry(
        position=row.position,
        at=row.at,
        actor=row.actor,
        action=row.action,
        changes=row.changes,
        reason=row.reason,
        previous=row.previous,
        hash=row.hash,
    )


def json_text(value: object) -> str:
    """Write plain JSON for a jsonb column."""
    return orjson.dumps(value).decode()


def _account(row: Any) -> Account:
    complainant = (
        Complainant(**{name: getattr(row, f"person_{name}") for name in COMPLAINANT})
        if row.has_complainant
        else None
    )
    return Account(
        channel=Channel(row.channel),
        reported_severity=Severity(row.reported_severity),
        product=row.product,
        category=row.category,
        lot=row.lot,
        site=row.site,
        serial=row.serial,
        title=row.title,
        description=row.description,
        remedy_sought=row.remedy_sought,
        occurred_at=row.occurred_at,
        complainant=complainant,
        attachments=tuple(Attachment(**attachment) for attachment in row.attachments),
    )
