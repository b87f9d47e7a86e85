"""The closed lists that the steps of a complaint are told in."""

from enum import StrEnum


class Step(StrEnum):
    """What can be done with a complaint; the value is its name in URLs."""

    ACKNOWLEDGE = "acknowledge"
    ASSESS = "assess"
    REJECT = "reject"
    OVERRULE_REJECTION = "overrule-rejection"
    LINK = "link"
    ASSIGN = "assign"
    START_INVESTIGATION = "start-investigation"
    WAIVE_INVESTIGATION = "waive-investigation"
    UPDATE_CUSTOMER = "update-customer"
    WAIT_FOR_CUSTOMER = "wait-for-customer"
    END_WAITING = "end-waiting"
    RESPOND = "respond"
    CUSTOMER_ACCEPTS = "customer-accepts"
    CUSTOMER_REJECTS = "customer-rejects"
    RECORD_CONTACT_ATTEMPT = "record-contact-attempt"
    FILE_REPORT = "file-report"
    CLOSE = "close"
    REFER = "refer"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"


class Reportability(StrEnum):
    """Whether an authority must be told; undetermined keeps a complaint from being answered and closed."""

    YES = "yes"
    NO = "no"
    UNDETERMINED = "undetermined"


class Validity(StrEnum):
    """Whether the complaint is justified, as far as it is known."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"
    UNDETERMINED = "undetermined"


class Level(StrEnum):
    """How much of a criterion there is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Ending(StrEnum):
    """What allowed a complaint to be closed."""

    ACCEPTED = "accepted"
    ATTEMPTS = "attempts"
    PERIOD_OVER = "period_over"


class Obstacle(StrEnum):
    """Why a step is refused; stable codes."""

    STATE = "state_not_allowed"
    SCOPE = "scope_missing"
    ACKNOWLEDGED = "acknowledged_already"
    HAS_DUPLICATES = "has_duplicates"
    NO_OWNER = "owner_missing"
    WAIVED = "investigation_waived"
    WAITING = "waiting_already"
    NOT_WAITING = "not_waiting"
    NOT_INVESTIGATED = "investigation_missing"
    REPORTABILITY = "reportability_undetermined"
    RESPONDED = "responded_already"
    ACCEPTED = "accepted_already"
    NOT_REPORTABLE = "not_reportable"
    CUSTOMER_SILENT = "customer_not_settled"
    REPORT_MISSING = "report_missing"
    TRIAGE_PENDING = "triage_pending"
    NOT_DISPOSITIONED = "nonconformity_undecided"
    SAME_PERSON = "approver_is_investigator"
    MASTER_SELF = "duplicate_of_itself"
    MASTER_LINKED = "duplicate_chain"
    MASTER_ENDED = "master_not_handled"
    MASTER_PRODUCT = "product_differs"
    OWNER_SAME = "owner_unchanged"
    REPORT_KNOWN = "report_known"
    PERSON_ERASED = "person_erased"
    NOT_REUSABLE = "investigation_not_reusable"
