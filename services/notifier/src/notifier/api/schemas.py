"""What goes in and out over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints

from common.history import Entry
from common.refusals import FieldError
from notifier.domain.deadline import Severity, State
from notifier.domain.delivery import DeliveryState
from notifier.domain.ladder import StepKind
from notifier.domain.notice import NoticeState
from notifier.domain.person import Change, Channel, Details, Person
from notifier.usecases.load_people import Loaded
from notifier.usecases.views import AttemptView, DeadlineView, DeliveryView, NoticeView

PersonId = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Body(BaseModel):
    """A body that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class PersonValues(Body):
    """What is said about a person; it replaces what was said before."""

    name: str = Field(max_length=200, description="Name, as mails address it.", examples=["Anna Berg"])
    email: str | None = Field(
        None, max_length=254, description="Mail address; none is no mail.", examples=["anna.berg@example.org"]
    )
    webhook_url: str | None = Field(
        None, max_length=500, description="URL that signed messages are posted to; none is no webhook."
    )
    manager: PersonId | None = Field(
        None, description="Id of the manager, who hears of what stays overdue.", examples=["head.of.quality"]
    )
    team: PersonId | None = Field(None, description="Code of the team.", examples=["credit.team"])
    timezone: str = Field(
        "UTC", max_length=64, description="IANA zone that mails show times in.", examples=["Europe/Berlin"]
    )
    active: Annotated[bool, Strict()] = Field(
        default=True, description="Whether the person may be told; others are told instead of inactive ones."
    )

    def details(self, person_id: str) -> Details:
        """Give the values to the rules."""
        return Details(
            id=person_id,
            name=self.name,
            email=self.email,
            webhook_url=self.webhook_url,
            manager=self.manager,
            team=self.team,
            timezone=self.timezone,
            active=self.active,
        )


class PersonIn(PersonValues):
    """A person to add."""

    id: PersonId = Field(description="Id that deadlines name owners by.", examples=["anna.berg"])


class PeopleIn(Body):
    """Many people to add or update."""

    people: list[PersonIn] = Field(min_length=1, max_length=1_000, description="At most 1,000 people.")


class PersonUpdateIn(PersonValues):
    """A person's values as they shall be."""

    id: PersonId | None = Field(None, description="May be repeated; must be the one in the path then.")


class WebhookOut(BaseModel):
    """A person's webhook; its secret is shown only in the answer of the request that made it."""

    url: str = Field(description="Where messages are posted.")
    former_secret_until: datetime | None = Field(
        description="Until when messages are signed with the former secret too."
    )
    disabled_at: datetime | None = Field(description="When it was switched off, null while it is on.")
    disabled_reason: str | None = Field(description="Why it was switched off, such as http_410.")


class PersonOut(BaseModel):
    """A person."""

    id: str = Field(description="Id that deadlines name owners by.")
    name: str = Field(description="Name.")
    email: str | None = Field(description="Mail address.")
    webhook: WebhookOut | None = Field(description="Webhook.")
    manager: str | None = Field(description="Id of the manager.")
    team: str | None = Field(description="Code of the team.")
    timezone: str = Field(description="IANA zone that mails show times in.")
    active: bool = Field(description="Whether the person may be told.")
    channels: list[Channel] = Field(description="The ways that lead to this person now.")
    version: int = Field(description="Counts changes; also the ETag.")
    created_at: datetime = Field(description="When the person was added.")
    updated_at: datetime = Field(description="When the record last changed.")
    webhook_secret: str | None = Field(
        None, description="The secret that this very request made; it is never shown again."
    )

    @classmethod
    def of(cls, person: Person, new_secret: str | None = None) -> Self:
        """Show a person."""
        webhook = person.webhook
        shown = None
        if webhook is not None:
            shown = WebhookOut(
                url=webhook.url,
                former_secret_until=webhook.previous_until,
                disabled_at=webhook.disabled_at,
                disabled_reason=webhook.disabled_reason,
            )
        return cls(
            id=person.id,
            name=person.name,
            email=person.email,
            webhook=shown,
            manager=person.manager,
            team=person.team,
            timezone=person.timezone,
            active=person.active,
            channels=list(person.channels()),
            version=person.version,
            created_at=person.created_at,
            updated_at=person.updated_at,
            webhook_secret=new_secret,
        )

    @classmethod
    def of_change(cls, change: Change) -> Self:
        """Show a person as just changed, with a secret that was just made."""
        return cls.of(change.person, change.new_secret)


class ErrorOut(BaseModel):
    """One value that is at fault."""

    pointer: str = Field(description="JSON pointer into the item.")
    code: str = Field(description="Stable code.")
    detail: str = Field(description="Why, for a person.")
    fix: str = Field(description="What would help; may be empty.")

    @classmethod
    def of(cls, error: FieldError) -> Self:
        """Show an error."""
        return cls(pointer=error.pointer, code=error.code, detail=error.detail, fix=error.fix)


class LoadedOut(BaseModel):
    """What became of one item."""

    id: str = Field(description="The item's id.")
    outcome: Literal["created", "updated", "unchanged", "refused"] = Field(description="What became of it.")
    version: int | None = Field(description="The person's version now, null where refused.")
    webhook_secret: str | None = Field(description="A secret that was just made; it is never shown again.")
    errors: list[ErrorOut] = Field(description="Why it was refused.")

    @classmethod
    def of(cls, loaded: Loaded) -> Self:
        """Show what became of an item."""
        return cls(
            id=loaded.id,
            outcome=loaded.outcome,
            version=loaded.version,
            webhook_secret=loaded.new_secret,
            errors=[ErrorOut.of(error) for error in loaded.errors],
        )


class PeopleLoadedOut(BaseModel):
    """What became of each item, in the order given."""

    results: list[LoadedOut] = Field(description="One for each item.")


class EntryOut(BaseModel):
    """One step of a history."""

    position: int = Field(description="Counts from 1.")
    at: datetime = Field(description="When.")
    actor: str = Field(description="Who, as kind:id.")
    action: str = Field(description="What was done.")
    changes: dict[str, Any] = Field(description="What changed; personal values are not repeated.")
    reason: str = Field(description="Why; may be empty.")
    hash: str = Field(description="Chains this entry to the one before.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show an entry."""
        return cls(
            position=entry.position,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            changes=dict(entry.changes),
            reason=entry.reason,
            hash=entry.hash,
        )


class HistoryOut(BaseModel):
    """What happened to a record, oldest first."""

    entries: list[EntryOut] = Field(description="The entries.")


class LadderStepOut(BaseModel):
    """One rung of a deadline's ladder."""

    name: str = Field(description="Name of the step.")
    kind: StepKind = Field(description="Before, at or after the due instant.")
    offset: str = Field(description="How far from the due instant, such as 1wd.")
    to: str = Field(description="Whom it tells: owner, manager, manager.manager or a person.")
    at: datetime | None = Field(description="Its moment, null where it has none in this generation.")
    outcome: str = Field(
        description="waiting, fired, past (over when it was set), catchup (a newer step fired), replaced, paused, met "
        "or voided."
    )
    ended_at: datetime | None = Field(description="When it fired or was dropped.")


class LadderOut(BaseModel):
    """The ladder as it was when the deadline was set."""

    name: str = Field(description="Name of the ladder.")
    version: str = Field(description="Version of the ladders.")
    steps: list[LadderStepOut] = Field(description="Its rungs.")


class DeadlineOut(BaseModel):
    """A deadline as its owner announced it, and what notifier does about it."""

    subject_kind: str = Field(description="Kind of thing that is due, such as action.")
    subject_id: UUID = Field(description="Id of the thing that is due.")
    clock: str = Field(description="Which of its clocks.")
    generation: int = Field(description="Rises whenever due instant, calendar, ladder or owner change.")
    parent_kind: str | None = Field(description="Kind of the thing that it belongs to.")
    parent_id: UUID | None = Field(description="Id of the thing that it belongs to.")
    title: str = Field(description="What is to be done.")
    due_at: datetime = Field(description="By when.")
    owner: str | None = Field(description="By whom.")
    team: str | None = Field(description="By which team.")
    severity: Severity = Field(description="How bad it is if it stays undone.")
    link: str = Field(description="Where a person finds the thing.")
    state: State = Field(description="Whether it still has to be met.")
    closed_at: datetime | None = Field(description="When it was met or voided.")
    closed_reason: str | None = Field(description="early or late, or why it was voided.")
    overdue: bool = Field(description="Whether it is open and its due instant has passed.")
    next_notification_at: datetime | None = Field(
        description="When the next notice about it goes out, null where none will."
    )
    ladder: LadderOut = Field(description="Who is told what, and when.")
    calendar: str = Field(description="Calendar and version that the due instant was computed with.")
    policy_version: str = Field(description="Version of the policy that set it.")
    explanation: dict[str, Any] = Field(description="How the due instant came about.")

    @classmethod
    def of(cls, view: DeadlineView, now: datetime) -> Self:
        """Show a deadline."""
        deadline = view.deadline
        return cls(
            subject_kind=deadline.subject_kind,
            subject_id=deadline.subject_id,
            clock=deadline.clock,
            generation=deadline.generation,
            parent_kind=deadline.parent_kind,
            parent_id=deadline.parent_id,
            title=deadline.title,
            due_at=deadline.due_at,
            owner=deadline.owner,
            team=deadline.team,
            severity=deadline.severity,
            link=deadline.link,
            state=deadline.state,
            closed_at=deadline.closed_at,
            closed_reason=deadline.closed_reason,
            overdue=deadline.is_overdue(now),
            next_notification_at=view.next_notification_at,
            ladder=LadderOut(name=deadline.ladder.name, version=deadline.ladder.version, steps=_steps(view)),
            calendar=deadline.calendar,
            policy_version=deadline.policy_version,
            explanation=dict(deadline.explanation),
        )


class NoticeOut(BaseModel):
    """One telling of one step to one person by one channel."""

    id: UUID = Field(description="Id.")
    subject_kind: str = Field(description="Kind of thing that is due.")
    subject_id: UUID = Field(description="Id of the thing that is due.")
    clock: str = Field(description="Which of its clocks.")
    generation: int = Field(description="Generation of the deadline.")
    step: str = Field(description="Step of the ladder.")
    kind: StepKind = Field(description="Before, at or after the due instant.")
    recipient: str = Field(description="Id of the person.")
    channel: Channel = Field(description="The way.")
    state: NoticeState = Field(description="What became of it.")
    reason: str | None = Field(description="Why it was suppressed or failed.")
    why: str | None = Field(description="Why this person is told in the place of another.")
    delivery_id: UUID = Field(description="The message that carries it.")
    created_at: datetime = Field(description="When it was written.")
    finished_at: datetime | None = Field(description="When it was sent, suppressed or failed.")

    @classmethod
    def of(cls, view: NoticeView) -> Self:
        """Show a notice."""
        notice = view.notice
        return cls(
            id=notice.id,
            subject_kind=notice.subject_kind,
            subject_id=notice.subject_id,
            clock=notice.clock,
            generation=notice.generation,
            step=notice.step,
            kind=notice.kind,
            recipient=notice.recipient,
            channel=notice.channel,
            state=view.state,
            reason=view.reason,
            why=notice.why,
            delivery_id=view.delivery_id,
            created_at=notice.created_at,
            finished_at=view.finished_at,
        )


class DeliveryOut(BaseModel):
    """One message to one person by one channel."""

    id: UUID = Field(
        description="Id; every attempt carries it, as webhook-id or before the @ of the Message-ID."
    )
    recipient: str = Field(description="Id of the person.")
    channel: Channel = Field(description="The way.")
    state: DeliveryState = Field(description="Where it stands.")
    reason: str | None = Field(description="Why it failed, was given up or cancelled, as a code.")
    notices: int = Field(description="How many notices it holds.")
    attempts: int = Field(description="How often it was tried.")
    critical: bool = Field(description="Whether it waits for no window.")
    maybe_duplicate: bool = Field(description="Whether an earlier attempt may have arrived already.")
    created_at: datetime = Field(description="When its first notice was written.")
    next_attempt_at: datetime | None = Field(description="When it is tried next.")
    sent_at: datetime | None = Field(description="When it was taken by the other side.")

    @classmethod
    def of(cls, view: DeliveryView) -> Self:
        """Show a delivery."""
        return cls(**_delivery(view))


class AttemptOut(BaseModel):
    """One attempt."""

    number: int = Field(description="Counts from 1.")
    started_at: datetime = Field(description="When it began.")
    finished_at: datetime | None = Field(description="When it ended.")
    outcome: str | None = Field(
        description="sent, try_later, gave_up, or unknown where the process died; null while it runs."
    )
    reason: str | None = Field(description="Why it failed, as a code.")


class DeliveryDetailOut(DeliveryOut):
    """A delivery with its attempts."""

    attempt_log: list[AttemptOut] = Field(description="The attempts, the first one first.")

    @classmethod
    def of_attempts(cls, view: DeliveryView, attempts: Sequence[AttemptView]) -> Self:
        """Show a delivery with its attempts."""
        log = [
            AttemptOut(
                number=each.number,
                started_at=each.started_at,
                finished_at=each.finished_at,
                outcome=each.outcome,
                reason=each.reason,
            )
            for each in attempts
        ]
        return cls(**_delivery(view), attempt_log=log)


def _delivery(view: DeliveryView) -> dict[str, Any]:
    delivery = view.delivery
    return {
        "id": delivery.id,
        "recipient": delivery.recipient,
        "channel": delivery.channel,
        "state": delivery.state,
        "reason": delivery.reason,
        "notices": view.notices,
        "attempts": delivery.attempts,
        "critical": delivery.critical,
        "maybe_duplicate": delivery.maybe_duplicate,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "sent_at": delivery.sent_at,
    }


def _steps(view: DeadlineView) -> list[LadderStepOut]:
    steps = []
    for step in view.deadline.ladder.steps:
        timer = view.timers.get(step.name)
        ended = timer.ended if timer else None
        steps.append(
            LadderStepOut(
                name=step.name,
                kind=step.kind,
                offset=str(step.offset),
                to=step.to,
                at=timer.due_at if timer else None,
                outcome=str(ended) if ended else "waiting",
                ended_at=timer.ended_at if timer else None,
            )
        )
    return steps
