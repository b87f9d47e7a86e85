"""A deadline's trace goes on when its timers fire and its mail is sent, however much later that is."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from chassis.tracing import tracer
from events.contracts.deadline import DeadlineSetV1
from events.envelope import Event
from notifier.domain.person import Details
from tests.notifier.receiver import Receiver
from tests.notifier.smtp import Mailbox
from tests.notifier.world import World, a_deadline, open_world
from tests.support.tracing import (
    PARENT,
    TRACE,
    Recorded,
    failed,
    parent_id,
    recording,
    said,
    span_id,
    trace_id,
)

OTHER = "1af7651916cd43dd8448eb211c80319c"
OTHER_PARENT = f"00-{OTHER}-c7ad6b7169203331-01"


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as recorded:
        yield recorded


@pytest.fixture
async def traced(
    recorded: Recorded, notifier_url: str, tmp_path: Path, mailbox: Mailbox
) -> AsyncIterator[World]:
    assert tracer() is recorded.tracer
    async with open_world(notifier_url, tmp_path, mailbox) as world:
        await world.people()
        yield world


def set_in(traceparent: str | None, *, story: int = 7, **changes: Any) -> Event[DeadlineSetV1]:
    """A deadline that was announced in a trace."""
    trace = {"traceparent": traceparent, "tracestate": "crm=1" if traceparent else None}
    return a_deadline(**changes).model_copy(update={**trace, "correlation_id": UUID(int=story)})


async def an_hour_later(world: World) -> None:
    """The deadlines of the test are breached, and who is owed it was told."""
    world.clock.move(hours=1)
    await world.fires()
    world.clock.move(seconds=6)
    await world.sends()


def path(span: ReadableSpan, recorded: Recorded) -> list[str]:
    """The names of a span and of what it is a child of, the first one first."""
    by_id = {span_id(each): each for each in recorded.spans}
    names = [span.name]
    while (parent := parent_id(span)) in by_id:
        span = by_id[str(parent)]
        names.insert(0, span.name)
    return names


async def test_the_mail_of_a_deadline_belongs_to_the_trace_that_set_it(
    traced: World, recorded: Recorded
) -> None:
    await traced.reads(set_in(PARENT))
    await an_hour_later(traced)
    mail = recorded.one("send email")
    assert path(mail, recorded) == ["process redress.capa", "fire timers", "send email"]
    assert trace_id(mail) == TRACE
    assert mail.context is not None
    assert mail.context.trace_state.to_header() == "crm=1"
    about = said(mail)
    assert (about["redress.channel"], about["redress.delivery.notices"], about["redress.outcome"]) == (
        "email",
        1,
        "sent",
    )
    assert "example.org" not in mail.to_json()


async def test_what_notifier_announces_of_a_deadline_goes_on_in_its_trace(
    traced: World, recorded: Recorded
) -> None:
    await traced.reads(set_in(PARENT))
    await an_hour_later(traced)
    fired = span_id(recorded.one("fire timers"))
    told = {event.type: event for event in await traced.told()}
    for kind in ("redress.deadline.breached.v1", "redress.notice.sent.v1"):
        assert (told[kind].traceparent, told[kind].tracestate) == (f"00-{TRACE}-{fired}-01", "crm=1")


async def test_one_mail_about_several_stories_is_found_in_the_trace_of_each(
    traced: World, recorded: Recorded
) -> None:
    await traced.reads(set_in(PARENT), set_in(OTHER_PARENT, story=8))
    await an_hour_later(traced)
    assert traced.mailed() == ["anna@example.org"]
    mails = recorded.named("send email")
    assert sorted(trace_id(span) for span in mails) == sorted([TRACE, OTHER])
    assert {said(span)["redress.delivery.id"] for span in mails} == {
        said(mails[0])["redress.delivery.id"],
    }
    shared = recorded.one("send email together")
    assert {f"{link.context.span_id:016x}" for link in shared.links} == {span_id(span) for span in mails}
    fired = recorded.named("fire timers")
    assert sorted(trace_id(span) for span in fired) == sorted([TRACE, OTHER])


async def test_two_notices_of_one_story_are_one_span_of_one_mail(traced: World, recorded: Recorded) -> None:
    await traced.reads(set_in(PARENT), set_in(PARENT))
    await an_hour_later(traced)
    assert said(recorded.one("send email"))["redress.delivery.notices"] == 2


async def test_a_mail_that_is_not_taken_fails_its_span_with_the_reason(
    traced: World, recorded: Recorded
) -> None:
    traced.mailbox.data_answers = ["451 try later"]
    await traced.reads(set_in(PARENT))
    await an_hour_later(traced)
    mail = recorded.one("send email")
    assert (failed(mail), said(mail)["error.type"], said(mail)["redress.outcome"]) == (
        True,
        "smtp_451",
        "try_later",
    )


async def test_a_webhook_belongs_to_the_trace_too(
    traced: World, recorded: Recorded, receiver: Receiver
) -> None:
    await traced.people(Details(id="hook", name="Hook", webhook_url=receiver.url))
    await traced.reads(set_in(PARENT, owner="hook"))
    await an_hour_later(traced)
    assert len(receiver.posts) == 1
    assert trace_id(recorded.one("send webhook")) == TRACE
    assert receiver.url not in recorded.one("send webhook").to_json()


async def test_the_owner_that_takes_over_is_told_in_the_trace_of_the_change(
    traced: World, recorded: Recorded
) -> None:
    first = set_in(PARENT)
    await traced.reads(first)
    again = set_in(OTHER_PARENT, subject=first.data.subject_id, owner="ben", generation=2)
    await traced.reads(again)
    await an_hour_later(traced)
    assert traced.mailed() == ["ben@example.org"]
    assert trace_id(recorded.one("send email")) == OTHER


async def test_a_deadline_without_a_trace_is_told_in_one_of_its_own(
    traced: World, recorded: Recorded
) -> None:
    await traced.reads(set_in(None))
    await an_hour_later(traced)
    mail = recorded.one("send email")
    assert path(mail, recorded) == ["process redress.capa", "fire timers", "send email"]


async def test_while_tracing_is_off_the_line_of_a_delivery_names_the_deadlines_trace(
    world: World, capsys: pytest.CaptureFixture[str], logging_to_stdout: Callable[[], None]
) -> None:
    await world.people()
    await world.reads(set_in(PARENT))
    logging_to_stdout()
    await an_hour_later(world)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line["event"] == "delivery_attempted"]
    assert (line["trace_id"], line["correlation_id"]) == (TRACE, str(UUID(int=7)))
    assert len(line["span_id"]) == 16


@pytest.fixture
def logging_to_stdout() -> Iterator[Callable[[], None]]:
    """Has the test's logs go to stdout as a process's do, once it is called."""
    import logging

    import structlog

    from chassis.logging import configure_logging

    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield lambda: configure_logging("notifier", "info")
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
