"""Puts together what is done on each event."""

from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionEvidenceRejectedV1,
    ActionReassignedV1,
    ActionVerifiedV1,
    NonconformityClosedV1,
    NonconformityDispositionedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    NonconformitySeverityRaisedV1,
    TriageDecidedV1,
)
from events.contracts.notifier import (
    DeadlineBreachedV1,
    DeadlineWarnedV1,
    NoticeFailedV1,
    NoticeSentV1,
    NoticeUnroutableV1,
)
from events.delivery import Handlers
from intake.consumers.actions import on_action
from intake.consumers.deadline_news import on_deadline_breached, on_deadline_warned
from intake.consumers.nonconformity_linked import on_nonconformity_linked
from intake.consumers.nonconformity_progress import on_nonconformity_progress
from intake.consumers.nonconformity_raised import on_nonconformity_raised
from intake.consumers.nonconformity_severity_raised import on_nonconformity_severity_raised
from intake.consumers.notes_of_notifier import on_notifier
from intake.consumers.triage_decided import on_triage_decided
from intake.core_wiring import Core, build_clockwork
from intake.usecases.follow_action import FollowAction
from intake.usecases.follow_nonconformity import FollowNonconformity
from intake.usecases.follow_triage import FollowTriage
from intake.usecases.note_clock_news import NoteClockNews
from intake.usecases.take_note import TakeNote


def build_handlers(core: Core) -> Handlers:
    """Build what is done on each event; a type that is not named here is ignored."""
    work, clock = core.start_work, core.clock
    triage, nonconformity = FollowTriage(work), FollowNonconformity(work)
    progress = on_nonconformity_progress(nonconformity, clock)
    action = on_action(FollowAction(work, build_clockwork(core)), clock)
    take_note, clock_news = TakeNote(work), NoteClockNews(work)
    notifier = on_notifier(take_note)
    return {
        TriageDecidedV1: on_triage_decided(triage, clock),
        NonconformityRaisedV1: on_nonconformity_raised(nonconformity, clock),
        NonconformityLinkedV1: on_nonconformity_linked(nonconformity, clock),
        NonconformitySeverityRaisedV1: on_nonconformity_severity_raised(nonconformity, clock),
        NonconformityDispositionedV1: progress,
        NonconformityClosedV1: progress,
        ActionAssignedV1: action,
        ActionReassignedV1: action,
        ActionDueChangedV1: action,
        ActionCompletedV1: action,
        ActionEvidenceRejectedV1: action,
        ActionVerifiedV1: action,
        ActionCancelledV1: action,
        DeadlineWarnedV1: on_deadline_warned(clock_news, take_note),
        DeadlineBreachedV1: on_deadline_breached(clock_news, take_note),
        NoticeSentV1: notifier,
        NoticeFailedV1: notifier,
        NoticeUnroutableV1: notifier,
    }
