"""Puts together what is done on each event."""

from capa.consumers import counters
from capa.consumers.complaint_amended import OnComplaintAmended
from capa.consumers.complaint_assessed import OnComplaintAssessed
from capa.consumers.complaint_ended import OnComplaintEnded
from capa.consumers.complaints_heard import OnComplaintsHeard
from capa.consumers.deadline_breached import OnDeadlineBreached
from capa.consumers.handling import HEARD_TOGETHER
from capa.consumers.notices import OnNotice
from capa.core_wiring import Core
from capa.domain.groups import groups_of
from capa.usecases.amend_complaint import AmendComplaint
from capa.usecases.hear_complaints import HearComplaints
from capa.usecases.note_breach import NoteBreach
from capa.usecases.note_ending import NoteEnding
from capa.usecases.note_notice import NoteNotice
from capa.usecases.triage_again import TriageAgain
from capa.usecases.triage_complaint import TriageComplaint
from events.contracts.intake import ComplaintAmendedV1, ComplaintReceivedV1
from events.contracts.lifecycle import (
    ComplaintAssessedV1,
    ComplaintLinkedV1,
    ComplaintRejectedV1,
    ComplaintReopenedV1,
    ComplaintWithdrawnV1,
)
from events.contracts.notifier import (
    DeadlineBreachedV1,
    NoticeAcknowledgedV1,
    NoticeSentV1,
    NoticeSnoozedV1,
    NoticeUnroutableV1,
)
from events.delivery import GroupHandler, Handlers


def build_handlers(core: Core) -> Handlers:
    """Build what is done on each event; a type that is not named here is ignored."""
    work = core.start_work
    notice = OnNotice(NoteNotice(work))
    triage, groups = TriageComplaint(core.clock, core.policy, core.announcer), groups_of(core.policy)
    heard = GroupHandler(OnComplaintsHeard(HearComplaints(work, triage), groups))
    ended = OnComplaintEnded(NoteEnding(work, core.clock))
    counters.prepare(groups)
    return {
        ComplaintReceivedV1: heard,
        **dict.fromkeys(HEARD_TOGETHER, heard),
        ComplaintAmendedV1: OnComplaintAmended(AmendComplaint(work)),
        ComplaintAssessedV1: OnComplaintAssessed(TriageAgain(work, core.clock, core.policy, core.announcer)),
        ComplaintRejectedV1: ended,
        ComplaintWithdrawnV1: ended,
        ComplaintLinkedV1: ended,
        ComplaintReopenedV1: ended,
        DeadlineBreachedV1: OnDeadlineBreached(NoteBreach(work)),
        NoticeSentV1: notice,
        NoticeUnroutableV1: notice,
        NoticeAcknowledgedV1: notice,
        NoticeSnoozedV1: notice,
    }
