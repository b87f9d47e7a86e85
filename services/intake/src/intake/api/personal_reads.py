"""Who may read personal data of many complaints at once, and the record that somebody did."""

from typing import Final, Literal, get_args

from prometheus_client import Counter

from chassis.auth import Principal
from chassis.logging import get_logger
from intake.api.shaping import PERSONAL

Operation = Literal["list", "search", "similar", "export"]

READS: Final = Counter(
    "personal_data_reads_total",
    "Answers to lists, searches and exports that showed personal data of at least one complainant, by operation.",
    ["operation"],
)
for operation in get_args(Operation):
    READS.labels(operation)

log = get_logger("intake.personal_reads")


def may_read_personal(principal: Principal) -> bool:
    """Tell whether a caller is shown who complains."""
    return PERSONAL in principal.scopes


def record_personal_read(principal: Principal, operation: Operation, *, complainants: int) -> None:
    """Record who read personal data of how many complainants; nothing where there was none.

    The record names the caller and no complainant: what was searched for may itself be personal data.
    """
    if complainants:
        READS.labels(operation).inc()
        log.info(
            "personal_data_read",
            operation=operation,
            actor=str(principal.actor),
            key_id=principal.key_id,
            complainants=complainants,
        )
