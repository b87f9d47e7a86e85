"""Changes, endpoints and deliveries as rows, and rows as these."""

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from chassis.webhooks.sealing import Sealer, Unreadable
from intake.db.crm_tables import complaint_change, webhook_delivery
from intake.domain.change import Change, ChangeType
from intake.domain.webhook import DeliveryState, Endpoint
from intake.usecases.crm_ports import DeliveryView

DELIVERY: Final = sa.select(
    webhook_delivery,
    complaint_change.c.id.label("webhook_id"),
    complaint_change.c.type,
    complaint_change.c.number,
).join(complaint_change, complaint_change.c.position == webhook_delivery.c.position)


def change_values(change: Change) -> dict[str, Any]:
    """Give the columns of a change."""
    return {name: getattr(change, name) for name in Change.__slots__} | {
        "type": change.type.value,
        "changed": list(change.changed),
    }


def change_of(row: Any) -> Change:
    """Read a change from a row with its columns; its id may stand under `webhook_id`."""
    return Change(
        position=row.position,
        id=getattr(row, "webhook_id", None) or row.id,
        complaint_id=row.complaint_id,
        number=row.number,
        source_system=row.source_system,
        external_id=row.external_id,
        type=ChangeType(row.type),
        action=row.action,
        changed=tuple(row.changed),
        state=row.complaint_state if hasattr(row, "complaint_state") else row.state,
        version=row.version,
        historical=row.historical,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        clock=row.clock,
    )


def endpoint_values(endpoint: Endpoint, sealer: Sealer) -> dict[str, Any]:
    """Give the columns of an endpoint, its secrets sealed; those that could not be read are left as they stand."""
    values: dict[str, Any] = {
        "id": endpoint.id,
        "source_system": endpoint.source_system,
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": [kind.value for kind in endpoint.event_types],
        "previous_until": endpoint.previous_until,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
        "failures": endpoint.failures,
        "failing_since": endpoint.failing_since,
        "paused_until": endpoint.paused_until,
        "version": endpoint.version,
        "created_by": endpoint.created_by,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }
    for name, secret in (("secret", endpoint.secret), ("previous_secret", endpoint.previous_secret)):
        if secret is not None:
            values[name] = sealer.seal(secret, place=_place(endpoint.id))
    return values


def endpoint_of(row: Any, sealer: Sealer) -> Endpoint:
    """Read an endpoint."""
    return Endpoint(
        id=row.id,
        source_system=row.source_system,
        url=row.url,
        description=row.description,
        event_types=tuple(ChangeType(name) for name in row.event_types),
        secret=_opened(row.secret, row.id, sealer),
        previous_secret=_opened(row.previous_secret, row.id, sealer),
        previous_until=row.previous_until,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        failures=row.failures,
        failing_since=row.failing_since,
        paused_until=row.paused_until,
        version=row.version,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def delivery_of(row: Any) -> DeliveryView:
    """Read a delivery from a row of `DELIVERY`."""
    return DeliveryView(
        id=row.id,
        webhook_id=row.webhook_id,
        type=ChangeType(row.type),
        complaint_id=row.complaint_id,
        number=row.number,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        maybe_duplicate=row.maybe_duplicate,
        reason=row.reason,
        status=row.status,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        attempted_at=row.attempted_at,
        delivered_at=row.delivered_at,
        position=row.position,
    )


def _opened(sealed: str | None, endpoint_id: UUID, sealer: Sealer) -> str | None:
    if sealed is None:
        return None
    try:
        return sealer.open(sealed, place=_place(endpoint_id))
    except Unreadable:
        return None


def _place(endpoint_id: UUID) -> str:
    return f"webhook_endpoint/{endpoint_id}"
