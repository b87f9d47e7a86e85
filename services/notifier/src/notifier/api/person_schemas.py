"""People, as they go in and out over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints

from common.history import Entry
from common.refusals import FieldError
from notifier.domain.person import Change, Channel, Details, Person
from notifier.usecases.load_people import Item, Loaded

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


class PersonItemIn(PersonIn):
    """A person to add or update among many."""

    version: int | None = Field(
        None,
        ge=1,
        description="The version that was read: the item is refused where the person has another one now. Without it the "
        "values replace whatever there is.",
    )

    def item(self) -> Item:
        """Give it to the use case."""
        return Item(self.details(self.id), self.version)


class PeopleIn(Body):
    """Many people to add or update."""

    people: list[PersonItemIn] = Field(min_length=1, max_length=1_000, description="At most 1,000 people.")


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
