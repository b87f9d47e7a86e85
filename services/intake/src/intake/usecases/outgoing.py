"""Facts as they are published."""

from datetime import datetime
from typing import Final

from common.actor import Actor
from common.ids import new_id
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.contracts.words import Severity
from events.envelope import Event
from intake.domain.facts import Amended, Received, StatusNoted

SOURCE: Final = "/redress/intake"
_Receipt = Event[ComplaintReceivedV1]
_Amendment = Event[ComplaintAmendedV1]


def published_receipt(
    fact: Received, *, actor: Actor, traceparent: str | None = None, tracestate: str | None = None
) -> Event[ComplaintReceivedV1]:
    """Publish that a complaint was received: codes and times, never a word or datum of the complainant."""
    complaint = fact.complaint
    account, key = complaint.account, str(complaint.id)
    data = ComplaintReceivedV1(
        complaint_id=complaint.id,
        number=complaint.number,
        source_system=complaint.source_system,
        channel=account.channel.value,
        reported_severity=Severity(account.reported_severity.value),
        product=account.product,
        category=account.category,
        lot=account.lot,
        site=account.site,
        occurred_at=account.occurred_at,
        aware_at=complaint.aware_at,
        received_at=complaint.received_at,
        historical=complaint.historical,
    )
    return _Receipt(
        id=new_id(),
        source=SOURCE,
        key=key,
        subject=key,
        version=complaint.version,
        occurred_at=complaint.recorded_at,
        recorded_at=complaint.recorded_at,
        actor=str(actor),
        correlation_id=complaint.correlation_id,
        traceparent=traceparent,
        tracestate=tracestate,
        data=data,
    )


def published_amendment(
    fact: Amended,
    *,
    actor: Actor,
    now: datetime,
    traceparent: str | None = None,
    tracestate: str | None = None,
) -> Event[ComplaintAmendedV1]:
    """Publish that a complaint was amended: the names of what changed, and the codes as they are now."""
    complaint = fact.after
    account = complaint.account
    data = ComplaintAmendedV1(
        complaint_id=complaint.id,
        number=complaint.number,
        changed=fact.changed,
        reported_severity=Severity(account.reported_severity.value),
        product=account.product,
        category=account.category,
        lot=account.lot,
        site=account.site,
    )
    return _Amendment(
        id=new_id(),
        source=SOURCE,
        key=str(complaint.id),
        subject=str(complaint.id),
        version=complaint.version,
        occurred_at=now,
        recorded_at=now,
        actor=str(actor),
        correlation_id=complaint.correlation_id,
        traceparent=traceparent,
        tracestate=tracestate,
        data=data,
    )


def published_status(
    fact: StatusNoted,
    *,
    actor: Actor,
    now: datetime,
    traceparent: str | None = None,
    tracestate: str | None = None,
) -> Event[ComplaintAmendedV1]:
    """Publish that the source has another status of its own: that it has, and neither code nor note."""
    amended = Amended(fact.before, fact.after, ("crm_status",))
    return published_amendment(amended, actor=actor, now=now, traceparent=traceparent, tracestate=tracestate)
