"""Which event types exist, who announces them, and on which topic."""

from collections.abc import Mapping
from typing import Final

from events.contracts import capa, case, deadline, intake, lifecycle, notifier
from events.envelope import Contract

DEADLINES: Final = (
    deadline.DeadlineSetV1,
    deadline.DeadlineMetV1,
    deadline.DeadlineVoidedV1,
    deadline.DeadlinePausedV1,
    deadline.DeadlineResumedV1,
)

ANNOUNCES: Final[Mapping[str, tuple[type[Contract], ...]]] = {
    "intake": (
        intake.ComplaintReceivedV1,
        intake.ComplaintAmendedV1,
        lifecycle.ComplaintAcknowledgedV1,
        lifecycle.ComplaintAssessedV1,
        lifecycle.ComplaintRejectedV1,
        lifecycle.ComplaintLinkedV1,
        lifecycle.ComplaintInvestigationStartedV1,
        lifecycle.ComplaintCustomerUpdatedV1,
        lifecycle.ComplaintRespondedV1,
        lifecycle.ComplaintCustomerAcceptedV1,
        lifecycle.ComplaintCustomerRejectedV1,
        lifecycle.ComplaintClosedV1,
        lifecycle.ComplaintReferredV1,
        lifecycle.ComplaintWithdrawnV1,
        lifecycle.ComplaintReopenedV1,
        *DEADLINES,
        deadline.DeadlinesSetV1,
    ),
    "capa": (
        capa.TriageDecidedV1,
        capa.NonconformityRaisedV1,
        capa.NonconformityLinkedV1,
        capa.NonconformitySeverityRaisedV1,
        capa.NonconformityDispositionedV1,
        capa.NonconformityClosedV1,
        capa.ActionAssignedV1,
        capa.ActionReassignedV1,
        capa.ActionDueChangedV1,
        capa.ActionCompletedV1,
        capa.ActionCancelledV1,
        capa.ActionEvidenceRejectedV1,
        capa.ActionVerifiedV1,
        capa.SignalRaisedV1,
        capa.SignalEvaluatedV1,
        capa.SignalClearedV1,
        case.CaseRequestedV1,
        case.CaseAcceptedV1,
        case.CaseRejectedV1,
        case.CaseContainedV1,
        case.CaseRootCauseVerifiedV1,
        case.CasePlanApprovedV1,
        case.CaseImplementedV1,
        case.CaseVerifiedV1,
        case.CaseMonitoringStartedV1,
        case.CaseEffectivenessDecidedV1,
        case.CaseClosedV1,
        case.CaseRecurredV1,
        case.CaseReopenedV1,
        case.CasePutOnHoldV1,
        case.CaseResumedV1,
        case.CaseCancelledV1,
        case.ExtensionRequestedV1,
        case.ExtensionDecidedV1,
        *DEADLINES,
    ),
    "notifier": (
        notifier.DeadlineWarnedV1,
        notifier.DeadlineBreachedV1,
        notifier.NoticeSentV1,
        notifier.NoticeFailedV1,
        notifier.NoticeUnroutableV1,
        notifier.NoticeAcknowledgedV1,
        notifier.NoticeSnoozedV1,
    ),
}
"""The contracts that each service announces."""

LISTENS: Final[Mapping[str, tuple[str, ...]]] = {
    "intake": ("capa", "notifier"),
    "capa": ("intake", "notifier"),
    "notifier": ("intake", "capa"),
}
"""Whose topics each service reads, as one consumer group named after itself."""

CONTRACTS: Final[Mapping[str, type[Contract]]] = {
    contract.type: contract for contracts in ANNOUNCES.values() for contract in contracts
}
"""Each event type's contract."""


def topic_of(service: str) -> str:
    """Name the topic that a service announces on."""
    return f"redress.{service}"


def dead_letter_topic(topic: str, group: str) -> str:
    """Name the topic that a group's dead letters from another topic go to."""
    return f"{topic}.{group}.dead"


def topics() -> tuple[str, ...]:
    """List every topic of Redress, dead letter topics included."""
    spoken = [topic_of(service) for service in ANNOUNCES]
    dead = [
        dead_letter_topic(topic_of(heard), group) for group, heards in LISTENS.items() for heard in heards
    ]
    return (*spoken, *dead)


def family(event_type: str) -> str:
    """Drop the major version of a type: `redress.complaint.received` of `redress.complaint.received.v1`."""
    return event_type.rpartition(".v")[0]


FAMILIES: Final = frozenset(family(event_type) for event_type in CONTRACTS)
"""Every known type without its version, to tell an unknown version from an unknown type."""
