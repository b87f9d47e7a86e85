"""What is announced again changes nothing where it is known, and brings back what was lost.

The tests of this file work on one system, and each leaves it as it found it: that is what they are about.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from capa.usecases.cancel_action import CancelAction
from capa.usecases.cause import Cause
from capa.usecases.complete_action import CompleteAction
from capa.usecases.reassign_action import ReassignAction
from capa.usecases.step import Target
from common.actor import Actor
from events.again import Part, Place
from intake.domain.complaint import Channel, Complaint, Severity
from intake.domain.complaint import State as Stage
from intake.domain.lifecycle import commands
from intake.domain.lifecycle.taking import AnyCommand
from tests.announcing.trio import FIRST_SECTIONS, SERVICES, State, Trio, copies, open_trio
from tests.intake.lifecycle.examples import ANSWER, an_assessment
from tests.notifier.smtp import mailbox_running
from tests.support.pages import ROOT, read
from tests.support.postgres import Databases

ANNA = Cause(Actor("person", "anna"))
MINOR = an_assessment(severity=Severity.MINOR)
ASSESSED = (commands.Acknowledge(channel=Channel.EMAIL), MINOR)
INVESTIGATING = (*ASSESSED, commands.Assign(owner="anna"), commands.StartInvestigation())
RESPONDED = (*INVESTIGATING, ANSWER)
PATHS: Mapping[Stage, Sequence[AnyCommand]] = {
    Stage.RECEIVED: (),
    Stage.ASSESSED: ASSESSED,
    Stage.INVESTIGATING: (*INVESTIGATING, commands.WaitForCustomer(channel=Channel.EMAIL, awaited="A")),
    Stage.RESPONDED: (*RESPONDED, commands.CustomerRejects(reason="no"), ANSWER),
    Stage.CLOSED: (
        *RESPONDED,
        commands.CustomerAccepts(),
        commands.Close(closure_code="resolved"),
    ),
    Stage.NOT_A_COMPLAINT: (*ASSESSED, commands.Reject(reason="none")),
    Stage.LINKED: (),
    Stage.REFERRED: (*RESPONDED, commands.Refer(body="ombudsman")),
    Stage.WITHDRAWN: (commands.Withdraw(), commands.Reopen(reason="after all"), commands.Withdraw()),
}
"""The steps that lead to each state; a duplicate names its master once there is one."""
GUIDE = read(ROOT / "docs/guides/rebuild-a-consumer.md")
HEARD = {"intake": "DELETE FROM triage", "capa": "DELETE FROM action_notice", "notifier": "DELETE FROM timer"}
"""What tells each service's statements in the guide from those of the others."""

MOMENTS = frozenset({"updated_at", "set_at", "planned_at", "created_at", "ended_at"})
"""When something was written here, which a rebuilt service cannot know."""

NEW_NAMES = frozenset({"id", "event_id", "caused_by"})
"""What is named anew when it is heard anew."""


async def say_all_again(trio: Trio, *services: str) -> int:
    """Announce again whatever these services, or all, have on record; gives the number of events."""
    events = 0
    for service in services or SERVICES:
        announce, place = trio.announce_part(service), Place(FIRST_SECTIONS[service])
        while True:
            told = await announce(Part(place=place, since=None, records=2, dry_run=False))
            events += len(told.events)
            if told.next is None:
                break
            place = told.next
    return events


async def forget_what_was_heard(trio: Trio, service: str) -> None:
    """Do what the guide says."""
    await trio.script(trio.engine(service), GUIDE.block("sql", HEARD[service]))


@pytest.fixture(scope="module")
async def trio(
    postgres: Databases, trio_templates: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Trio]:
    """A system with complaints raised, linked, declined and amended; actions open, late, handed over and ended."""
    folder = tmp_path_factory.mktemp("policies")
    with copies(postgres, trio_templates) as urls:
        async with mailbox_running() as mailbox, open_trio(urls, mailbox, folder) as trio:
            await bring_to_life(trio)
            yield trio


async def bring_to_life(trio: Trio) -> None:
    await trio.receive("credit-card", "critical")
    done, cancelled = await trio.receive("mortgage"), await trio.receive("payday-loan")
    handed_over, amended = await trio.receive("student-loan"), await trio.receive("prepaid-card")
    some = [await trio.receive("any", "minor") for _ in (*Stage, "master")]
    await trio.settle()
    for severity in ("minor", "major"):
        await trio.receive("credit-card", severity)
    await trio.receive("unheard-of", "minor")
    await trio.amend(amended, category="billing", description="Twice, and then once more.")
    await trio.amend(amended, lot="L-7")
    await handle_some(trio, some)
    await trio.handle(done, an_assessment(severity=Severity.CRITICAL))
    await trio.handle(cancelled, an_assessment(), commands.Reject(reason="none"))
    step = trio.take_step
    target = Target(await trio.action_of(done), None)
    await CompleteAction(step)(target, evidence="Refunded.", completed_at=None, cause=ANNA)
    await CancelAction(step)(Target(await trio.action_of(cancelled), None), reason="withdrawn", cause=ANNA)
    target = Target(await trio.action_of(handed_over), None)
    await ReassignAction(step)(target, owner="credit.team", team=None, reason="theirs", cause=ANNA)
    trio.clock.forward(seconds=25)
    await trio.settle()
    assert [mail["To"] for mail in trio.mailbox.mails] == ["credit.team@example.org"]
    await trio.acknowledge("credit.team")
    await trio.settle()


async def handle_some(trio: Trio, some: Sequence[Complaint]) -> None:
    """Bring complaints to every state that there is, and amend one between its steps."""
    *others, master = some
    found = dict(zip(Stage, others, strict=True))
    for stage, complaint in found.items():
        await trio.handle(complaint, *PATHS[stage])
    await trio.handle(found[Stage.LINKED], commands.Link(master=master.number))
    await trio.amend(found[Stage.INVESTIGATING], category="billing")
    await trio.handle(found[Stage.INVESTIGATING], commands.UpdateCustomer(channel=Channel.PHONE))
    stages = await trio.rows("intake", "SELECT id, state FROM complaint WHERE product = 'any'")
    assert {row.id: row.state for row in stages} == {
        master.id: "received",
        **{complaint.id: stage.value for stage, complaint in found.items()},
    }


async def everything(trio: Trio) -> dict[str, State]:
    return {service: await trio.state(service) for service in SERVICES}


def only(state: State, *tables: str) -> dict[str, Any]:
    return {table: state[table] for table in tables}


async def test_announcing_everything_again_changes_nothing_and_tells_nobody(trio: Trio) -> None:
    before, mails = await everything(trio), len(trio.mailbox.mails)
    assert await say_all_again(trio) > 30
    await trio.settle()
    assert await everything(trio) == before
    assert len(trio.mailbox.mails) == mails


async def test_every_step_is_told_again_as_it_was_told_first(trio: Trio) -> None:
    told = await trio.announce_part("intake")(
        Part(place=Place("complaints"), since=None, records=100, dry_run=True)
    )
    of_complaints = [event for event in told.events if event.type.startswith("redress.complaint.")]
    again = {(event.subject, event.version): (event.type, event.data) for event in of_complaints}
    # Deadlines are told as they stand, which the rebuilt notifier shows.
    logged = await trio.logged("redress.intake")
    first = [event for event in logged if event.type.startswith("redress.complaint.")]
    verbs = {event.type.split(".")[2] for event in first} - {"amended"}
    assert len(verbs) == 14
    for event in first:
        # Amendments are told as one, as of the last; the number that others read was told with the receipt.
        if event.type != "redress.complaint.amended.v1":
            assert again[event.subject, event.version] == (event.type, event.data)
    for subject in {event.subject for event in of_complaints}:
        versions = [event.version for event in of_complaints if event.subject == subject]
        assert versions == sorted(set(versions))


async def test_a_rebuilt_intake_shows_again_what_capa_decided_and_does(trio: Trio) -> None:
    before = await trio.state("intake", without=MOMENTS)
    assert all(before[table] for table in ("triage", "nonconformity", "complaint_link", "action"))
    await forget_what_was_heard(trio, "intake")
    assert not (await trio.state("intake"))["action"]
    await say_all_again(trio, "capa")
    await trio.settle()
    assert await trio.state("intake", without=MOMENTS) == before


async def test_a_rebuilt_notifier_knows_again_every_open_deadline_and_tells_nobody_twice(trio: Trio) -> None:
    heard = MOMENTS | NEW_NAMES | {"version"}
    before, mails = await trio.state("notifier", without=heard), len(trio.mailbox.mails)
    await forget_what_was_heard(trio, "notifier")
    assert not (await trio.state("notifier"))["deadline"]
    await say_all_again(trio, "capa", "intake")
    await trio.settle()
    after = await trio.state("notifier", without=heard)
    assert after["deadline"] == [row for row in before["deadline"] if row["state"] in {"open", "paused"}]
    assert steps(after) == steps(before)
    assert only(after, "notice", "answer", "person") == only(before, "notice", "answer", "person")
    assert len(trio.mailbox.mails) == mails


def steps(state: State) -> set[tuple[Any, ...]]:
    """The steps that are still to come."""
    return {
        tuple(row[name] for name in ("subject_id", "clock", "generation", "step")) for row in state["timer"]
    }


async def test_a_rebuilt_capa_shows_again_who_was_told_and_what_is_counted_and_decides_nothing_anew(
    trio: Trio,
) -> None:
    before = await trio.state("capa", without=NEW_NAMES)
    assert {row["kind"] for row in before["action_notice"]} == {"sent", "breached", "acknowledged"}
    clocks = "SELECT count(*) AS number FROM complaint_clock WHERE kind IN ('acknowledge', 'respond')"
    (known,) = await trio.rows("intake", clocks)
    assert len(before["complaint_deadline"]) == known.number
    assert {"acknowledged", "responded", "closed"} <= {row["step"] for row in before["complaint_step"]}
    await forget_what_was_heard(trio, "capa")
    assert not (await trio.state("capa"))["complaint_step"]
    await say_all_again(trio, "intake", "notifier")
    await trio.settle()
    assert await trio.state("capa", without=NEW_NAMES) == before


async def test_what_was_told_and_never_read_is_decided_once_when_the_log_is_lost(trio: Trio) -> None:
    await trio.receive("credit-report", "critical")
    amended = await trio.receive("debt-collection", "major")
    await trio.amend(amended, product="debt-collection-agency")
    async with trio.running("intake"):
        await trio.until_relayed("intake")
    await trio.script(trio.log, "DELETE FROM log_record; DELETE FROM log_head; DELETE FROM log_cursor")
    await say_all_again(trio)
    await trio.settle()
    decided = await trio.rows(
        "capa", "SELECT complaint_id FROM triage_decision WHERE ordinal = 1 ORDER BY complaint_id"
    )
    known = await trio.rows("intake", "SELECT id FROM complaint ORDER BY id")
    assert [row.complaint_id for row in decided] == [row.id for row in known]
    shown = await trio.rows("intake", "SELECT complaint_id FROM triage ORDER BY complaint_id")
    assert [row.complaint_id for row in shown] == [row.id for row in known]
    (row,) = await trio.rows("capa", "SELECT product FROM complaint WHERE id = :id", id=amended.id)
    assert row.product == "debt-collection-agency"
    (row,) = await trio.rows("capa", "SELECT count(*) AS number FROM action WHERE product = 'credit-report'")
    assert row.number == 1
