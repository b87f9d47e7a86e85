"""A change as it is told outside: the same in the feed and in the body of a webhook."""

from typing import Any

from common.clock import instant_text
from intake.domain.change import Change


def notification(change: Change, *, base: str) -> dict[str, Any]:
    """Write a change as plain JSON: ids, codes and names, nothing that a person wrote.

    `base` is the public URL of the service, empty where none is set.
    """
    return {
        "type": change.type.value,
        "timestamp": instant_text(change.occurred_at),
        "data": {
            "change_id": str(change.id),
            "complaint_id": str(change.complaint_id),
            "number": change.number,
            "external_id": change.external_id,
            "source_system": change.source_system,
            "version": change.version,
            "state": change.state,
            "historical": change.historical,
            "action": change.action,
            "changed": list(change.changed),
            "clock": change.clock,
            "link": f"{base}/v1/complaints/{change.complaint_id}",
        },
    }
