"""What is asked and answered of the feed of changes and of webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from chassis.instants import Instant as WrittenInstant
from common.letters import Taken
from intake.api.answer import Answer
from intake.domain.change import ChangeType
from intake.domain.webhook import DeliveryState, Endpoint
from intake.usecases.complaint_form import Form
from intake.usecases.crm_ports import DeliveryView
from intake.usecases.form_values import Code, Instant, Line, Text
from intake.usecases.try_webhook import Tried

_TYPES = "What to tell of; every type where it is left out."


class ChangeDataOut(Answer):
    """What changed, of which complaint: ids, codes and names, nothing that a person wrote."""

    change_id: UUID = Field(description="Id of the change; as a webhook it is the `webhook-id`.")
    complaint_id: UUID = Field(description="Id of the complaint.")
    number: str = Field(description="Number that a person can say.", examples=["C-10023"])
    external_id: str | None = Field(description="The source's own id of it.")
    source_system: str = Field(description="Where the complaint comes from.")
    version: int = Field(description="Version of the complaint when this was told, as in the ETag.")
    state: str = Field(description="Where the work on it stood then.")
    historical: bool = Field(description="Whether it was only put on record.")
    action: str = Field(
        description="What its history calls it; of a clock that ended the verdict, met or missed.",
        examples=["amended"],
    )
    changed: list[str] = Field(description="Names of what changed.", examples=[["lot", "category"]])
    clock: str | None = Field(
        description="Name of the clock that is overdue or ended; null where the change is of no clock.",
        examples=["respond"],
    )
    link: str = Field(
        description="Where the complaint is read, below this service where it has no public URL."
    )


class FeedItemOut(Answer):
    """One change, as a webhook tells it too."""

    type: ChangeType = Field(description="What kind of change it is; ignore kinds that you do not know.")
    timestamp: datetime = Field(description="When it happened.")
    data: ChangeDataOut = Field(description="What changed, of which complaint.")


class FeedOut(Answer):
    """What changed, and a cursor to go on from."""

    items: list[FeedItemOut] = Field(description="Changes in the order in which they became known.")
    next_cursor: str = Field(description="Send it as `after` the next time; also where nothing changed.")
    has_more: bool = Field(description="Whether more is there to be read at once.")


class WebhookForm(Form):
    """Where to post, and what."""

    url: str = Field(
        min_length=1,
        max_length=500,
        description="http or https; must lead to public addresses, unless the operator allows others.",
        examples=["https://crm.example.org/hooks/redress"],
    )
    description: Line | None = Field(None, description="What it is for.", examples=["Case synchronisation"])
    event_types: tuple[ChangeType, ...] = Field(
        tuple(ChangeType), min_length=1, max_length=20, description=_TYPES, examples=[["complaint.decided"]]
    )
    source_system: Code | None = Field(
        None,
        description="Whose complaints it is told of: the key's own source system, or for staff any, or all where left out.",
        examples=["crm"],
    )


_NEVER_EMPTY: Final = ("url", "event_types", "enabled")


def _without_null(schema: dict[str, Any]) -> None:
    for name in _NEVER_EMPTY:
        field = schema["properties"][name]
        field.update(next(option for option in field.pop("anyOf") if option.get("type") != "null"))
        field.pop("default", None)


class WebhookChangeForm(Form):
    """What to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra=_without_null)

    url: str | None = Field(None, min_length=1, max_length=500, description="Where to post from now on.")
    description: Line | None = Field(None, description="What it is for; null empties.")
    event_types: tuple[ChangeType, ...] | None = Field(
        None, min_length=1, max_length=20, description="What to tell of; replaces the list."
    )
    enabled: bool | None = Field(
        None, description="Whether anything is posted; true enables one that was disabled."
    )

    @model_validator(mode="after")
    def _keep_what_is_required(self) -> Self:
        for name in _NEVER_EMPTY:
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be emptied: leave it out to keep it")
        return self

    def changes(self) -> dict[str, Any]:
        """Give the new values by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class RedeliverForm(Form):
    """From when on to send again."""

    since: WrittenInstant = Field(
        description="What was told then or later: what failed, and what was never posted.",
        examples=["2026-11-27T08:00:00Z"],
    )


class CrmStatusForm(Form):
    """Where the source's own work on the complaint stands; it replaces what was said before, whole."""

    code: Code = Field(description="The source's own code.", examples=["waiting_for_customer"])
    at: Instant | None = Field(None, description="Since when; now where it is left out.")
    reference: Line | None = Field(
        None, description="The source's own reference.", examples=["CASE-2026-0815"]
    )
    note: Text | None = Field(
        None,
        description="Anything to add. It is shown with the complaint, and told to nobody by events or webhooks.",
    )


class WebhookOut(Answer):
    """An endpoint that is told of changes."""

    id: UUID = Field(description="Its id.")
    version: int = Field(description="Its version, as in the ETag.")
    source_system: str | None = Field(description="Whose complaints it is told of; null for all.")
    url: str = Field(description="Where to.")
    description: str | None = Field(description="What it is for.")
    event_types: list[ChangeType] = Field(description="What it is told of.")
    enabled: bool = Field(description="Whether anything is posted.")
    disabled_at: datetime | None = Field(description="Since when it is not.")
    disabled_reason: str | None = Field(
        description="Why not: http_410, failing_for_days or by_hand.", examples=["http_410"]
    )
    failures: int = Field(description="Attempts that failed one after another until now.")
    failing_since: datetime | None = Field(description="When the first of them failed.")
    paused_until: datetime | None = Field(
        description="Until when nothing is tried, because attempts failed or the receiver asked for it."
    )
    previous_secret_until: datetime | None = Field(
        description="Until when posts are signed with the former secret too."
    )
    created_by: str = Field(description="Who registered it.", examples=["system:crm"])
    created_at: datetime = Field(description="When it was registered.")
    updated_at: datetime = Field(description="When it was last changed.")

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookOut":
        """Show an endpoint, without its secrets."""
        return cls(**_endpoint(endpoint))


class WebhookSecretOut(WebhookOut):
    """An endpoint with the secret that was just made; it is never shown again."""

    secret: str = Field(description="Signs the posts, after Standard Webhooks.", examples=["whsec_…"])

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookSecretOut":
        """Show an endpoint with its secret."""
        return cls(**_endpoint(endpoint), secret=endpoint.secret or "")


class TriedOut(Answer):
    """What the receiver said to a test."""

    webhook_id: UUID = Field(description="The `webhook-id` that the test had.")
    delivered: bool = Field(description="Whether the receiver answered with 2xx.")
    status: int | None = Field(description="Its status code; null where none came.", examples=[204])
    reason: str | None = Field(description="Why it failed, as a code.", examples=["unreachable"])
    answer: str = Field(description="The beginning of its answer.", examples=["ok"])

    @classmethod
    def of(cls, tried: Tried) -> "TriedOut":
        """Show what came of a test."""
        verdict = tried.verdict
        taken = isinstance(verdict, Taken)
        return cls(
            webhook_id=tried.webhook_id,
            delivered=taken,
            status=verdict.status,
            reason=None if isinstance(verdict, Taken) else verdict.reason,
            answer=verdict.said,
        )


class DeliveryOut(Answer):
    """One change on its way to an endpoint."""

    id: UUID = Field(description="Its id.")
    webhook_id: UUID = Field(
        description="The `webhook-id` that the receiver sees, the same at every attempt."
    )
    type: ChangeType = Field(description="What kind of change it tells of.")
    complaint_id: UUID = Field(description="Id of the complaint.")
    number: str = Field(description="Number of the complaint.", examples=["C-10023"])
    state: DeliveryState = Field(
        description="waiting for next_attempt_at, sending, delivered, or failed for good until it is asked for again."
    )
    attempts: int = Field(description="How many attempts were made.")
    maybe_duplicate: bool = Field(description="Whether an attempt of unknown outcome came before.")
    reason: str | None = Field(description="Why the last attempt failed, as a code.", examples=["http_503"])
    status: int | None = Field(description="What the receiver answered last.", examples=[503])
    created_at: datetime = Field(description="When it was planned.")
    attempted_at: datetime | None = Field(description="When the last attempt began.")
    next_attempt_at: datetime | None = Field(description="When the next attempt is due; null where none is.")
    delivered_at: datetime | None = Field(description="When the receiver took it.")

    @classmethod
    def of(cls, view: DeliveryView) -> "DeliveryOut":
        """Show a delivery."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class RedeliveredOut(Answer):
    """How much is sent again."""

    deliveries: int = Field(description="How many deliveries are due now; ask again where it is 10000.")


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    names: Sequence[str] = tuple(WebhookOut.model_fields)
    shown = {name: getattr(endpoint, name) for name in names if hasattr(endpoint, name)}
    return shown | {
        "event_types": list(endpoint.event_types),
        "enabled": endpoint.disabled_at is None,
        "previous_secret_until": endpoint.previous_until,
    }
