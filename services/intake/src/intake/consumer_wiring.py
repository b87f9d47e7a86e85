"""Puts together what is done on each event."""

from events.contracts.capa import ActionCompletedV1
from events.contracts.notifier import (
    DeadlineBreachedV1,
    DeadlineWarnedV1,
    NoticeAcknowledgedV1,
    NoticeFailedV1,
    NoticeSentV1,
    NoticeSnoozedV1,
    NoticeUnroutableV1,
)
from events.delivery import GroupHandler, Handlers
from intake.consumers.action_completed import on_action_completed
from intake.consumers.deadline_news import on_deadline_breached, on_deadline_warned
from intake.consumers.facts_of_capa import FACTS, OnFactsOfCapa
from intake.consumers.notes_of_notifier import on_notifier
from intake.core_wiring import Core, build_clockwork
from intake.usecases.follow_capa import FollowCapa
from intake.usecases.follow_completion import FollowCompletion
from intake.usecases.note_clock_news import NoteClockNews
from intake.usecases.take_note import TakeNote


def build_handlers(core: Core) -> Handlers:
    """Build what is done on each event; a type that is not named here is ignored."""
    work, clock, clockwork = core.start_work, core.clock, build_clockwork(core)
    facts = GroupHandler(OnFactsOfCapa(FollowCapa(work, clockwork), clock))
    take_note, clock_news = TakeNote(work), NoteClockNews(work)
    notifier = on_notifier(take_note)
    return {
        **dict.fromkeys(FACTS, facts),
        ActionCompletedV1: on_action_completed(FollowCompletion(work, clockwork), clock),
        DeadlineWarnedV1: on_deadline_warned(clock_news, take_note),
        DeadlineBreachedV1: on_deadline_breached(clock_news, take_note),
        NoticeSentV1: notifier,
        NoticeFailedV1: notifier,
        NoticeUnroutableV1: notifier,
        NoticeAcknowledgedV1: notifier,
        NoticeSnoozedV1: notifier,
    }
