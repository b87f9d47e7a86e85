"""What intake answers."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from intake.api.answer import Answer
from intake.api.clock_schemas import ClockOut, NextClockOut
from intake.api.handling_schemas import HandlingOut, RefusedStepOut
from intake.domain.attached_file import FileState
from intake.domain.complaint import Channel, Severity, State
from intake.domain.lifecycle.words import Step
from intake.usecases.receive_complaint import Outcome


class ComplainantOut(Answer):
    """Who complains; only shown with the scope complaints:personal."""

    reference: str | None = Field(description="The source's own id of the person.")
    name: str | None = Field(description="Name of the person.")
    email: str | None = Field(description="Mail address.")
    phone: str | None = Field(description="Telephone number, as it was given.")
    address: str | None = Field(description="Postal address.")
    country: str | None = Field(description="Country by ISO 3166-1 alpha-2.")


class AttachmentOut(Answer):
    """Where a document that belongs to the complaint lies."""

    name: str = Field(description="File name, for a person.")
    url: str = Field(description="Where it can be fetched.")
    media_type: str = Field(description="Its media type.")


class FileOut(Answer):
    """A file that was handed over and lies here; its content is fetched at `content_url`."""

    id: UUID = Field(description="Id of the attachment.")
    name: str = Field(
        description="The file's name as it was given; empty once it was erased.", examples=["receipt.pdf"]
    )
    media_type: str = Field(description="Its media type.", examples=["application/pdf"])
    size: int = Field(description="Bytes of its content.", examples=[48211])
    sha256: str = Field(
        description="SHA-256 of its content, in hexadecimal; empty once it was erased.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    state: FileState = Field(description="stored; or deleted, and then the content is gone.")
    uploaded_by: str = Field(description="Who handed it over.", examples=["system:crm"])
    uploaded_at: datetime = Field(description="When it was handed over.")
    content_url: str | None = Field(
        description="Where its content is fetched, below this service; null once it is deleted.",
        examples=[
            "/v1/complaints/0194a3c0-5c1e-7a60-9d0e-6f1b2c3d4e5f/attachments/0194a3c1-0b7f-7c11-8a52-1f2e3d4c5b6a/content"
        ],
    )
    deleted_by: str | None = Field(description="Who deleted it.")
    deleted_at: datetime | None = Field(description="When it was deleted.")
    deletion_reason: str | None = Field(description="Why it was deleted.")
    removed_at: datetime | None = Field(description="When the content of a deleted one went from the store.")


class FilesOut(Answer):
    """The attachments of a complaint."""

    items: list[FileOut] = Field(description="The attachments, first to last.")


class TriageOut(Answer):
    """What triage made of the complaint; pending until it has decided."""

    state: str = Field(description="pending, raised, linked or declined.", examples=["raised"])
    reason: str | None = Field(description="Code of the reason.", examples=["severity"])
    explanation: str | None = Field(description="Why, for a person.")
    policy_version: str | None = Field(
        description="Version of the policy that decided.", examples=["2026-11"]
    )
    decided_at: datetime | None = Field(description="When it was decided.")


class NonconformityOut(Answer):
    """The nonconformity that the complaint belongs to."""

    id: UUID = Field(description="Its id in capa.")
    number: str = Field(description="Its number, for a person.", examples=["NC-1001"])
    state: str = Field(description="open, dispositioned or closed.", examples=["open"])


class ActionOut(Answer):
    """One thing that somebody must do about it."""

    id: UUID = Field(description="Its id in capa.")
    number: str = Field(description="Its number, for a person.", examples=["A-1001"])
    kind: str | None = Field(description="What it is for.", examples=["containment"])
    owner: str | None = Field(description="Who must do it.", examples=["credit.team"])
    team: str | None = Field(description="The owner's team.")
    due_at: datetime | None = Field(description="By when.")
    overdue: bool = Field(description="Whether it is late now.")
    state: str = Field(description="open, completed, verified or cancelled.", examples=["open"])


class CrmStatusOut(Answer):
    """What the source says of its own work on the complaint."""

    code: str = Field(description="The source's own code.", examples=["waiting_for_customer"])
    at: datetime = Field(description="Since when, as the source says.")
    reference: str | None = Field(description="The source's own reference.", examples=["CASE-2026-0815"])
    note: str | None = Field(description="What the source adds; told to nobody by events or webhooks.")


class ComplaintOut(Answer):
    """A complaint, and what became of it."""

    id: UUID = Field(description="Id of the complaint.")
    number: str = Field(description="Number that a person can say.", examples=["C-10023"])
    version: int = Field(description="Version of the complaint, as in the ETag.")
    state: State = Field(description="Where the work on it stands.")
    source_system: str = Field(description="Where it comes from.")
    external_id: str | None = Field(description="The source's own id of it.")
    source_updated_at: datetime | None = Field(description="When the source last changed it, as it says.")
    channel: Channel = Field(description="How it reached the organisation.")
    reported_severity: Severity = Field(description="How bad the consequence is, as the source sees it.")
    product: str = Field(description="Code of the product or service.")
    category: str = Field(description="Code of what went wrong.")
    lot: str | None = Field(description="Code of the lot or batch.")
    site: str | None = Field(description="Code of the site that it concerns.")
    serial: str | None = Field(description="Serial number of the thing.")
    title: str | None = Field(description="The complaint in a line.")
    description: str = Field(description="What went wrong, in the complainant's words.")
    remedy_sought: str | None = Field(description="What the complainant wants done.")
    occurred_at: datetime | None = Field(description="When it happened.")
    aware_at: datetime = Field(description="When the organisation learned of it.")
    received_at: datetime = Field(description="When it reached the organisation.")
    recorded_at: datetime = Field(description="When it was written down here.")
    updated_at: datetime = Field(description="Last change of it or of what became of it.")
    historical: bool = Field(description="Whether it was only put on record.")
    erased_at: datetime | None = Field(
        description="When its personal data was erased: the person and the texts are gone, codes and times stay."
    )
    correlation_id: UUID = Field(description="Runs through every event that it leads to.")
    complainant: ComplainantOut | None = Field(
        None, description="Who complains; left out without the scope complaints:personal."
    )
    attachments: list[AttachmentOut] = Field(
        description="Documents that belong to it and lie elsewhere, as its source says."
    )
    files: list[FileOut] | None = Field(
        None,
        description="Files that were handed over and lie here; left out without the scope attachments:read.",
    )
    triage: TriageOut = Field(description="What triage made of it.")
    nonconformity: NonconformityOut | None = Field(description="The nonconformity that it belongs to.")
    actions: list[ActionOut] = Field(description="The actions of that nonconformity.")
    handling: HandlingOut = Field(description="What has been done about it.")
    clocks: list[ClockOut] = Field(
        description="What must be done by when, or what came of it: the latest clock of each name, by due instant."
    )
    next_clock: NextClockOut | None = Field(description="The clock that runs and is due first.")
    allowed_steps: list[Step] = Field(
        description="The steps that the caller can take now, each an operation of its own.",
        examples=[["acknowledge", "assess", "assign"]],
    )
    refused_steps: list[RefusedStepOut] | None = Field(
        None,
        description="The other steps, and what is missing for each; left out in lists, exports and receipts.",
    )
    crm_status: CrmStatusOut | None = Field(
        description="Where its source's own work on it stands, as the source says."
    )


class ReceiptOut(ComplaintOut):
    """A complaint that was handed over, and what that came to."""

    outcome: Outcome = Field(
        description="received: it is new. unchanged: it was known like that. amended: it is known otherwise now. "
        "stale: a newer telling is known, which stays.",
    )


class ChangeOut(Answer):
    """One step of a complaint's history."""

    position: int = Field(description="Its place, from 1.")
    at: datetime = Field(description="When it was recorded here.")
    actor: str = Field(description="Who did it.", examples=["person:anna.berg"])
    action: str = Field(
        description="What was done: received, amended, attached, attachment_deleted, crm_status_noted, held, hold_released, "
        "erased, history_erased, or what a step came to."
    )
    changes: dict[str, Any] = Field(
        description="Codes and times by name: the first values, of an amendment [before, after], of a step what it said. `withheld` names the texts and "
        "personal data that changed too, and `withheld_sha256` binds them."
    )
    reason: str = Field(description="Why.")
    withheld: dict[str, Any] | None = Field(
        None,
        description="Those texts and personal data as [before, after]; left out without the scope complaints:personal.",
    )
    previous: str = Field(description="Hash of the step before.")
    hash: str = Field(description="SHA-256 over this step and the hash before.")


class HistoryOut(Answer):
    """A complaint's history from the start."""

    items: list[ChangeOut] = Field(description="Every step, first to last.")
    intact: bool = Field(description="Whether the chain of hashes holds.")
    broken_at: int | None = Field(description="Position of the first step that does not fit, if any.")


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """Give a model's JSON Schema with every reference replaced by what it refers to."""
    schema = _schema_of(model)
    definitions: dict[str, Any] = schema.get("$defs", {})
    resolved: dict[str, Any] = _resolved(
        {name: value for name, value in schema.items() if name != "$defs"}, definitions
    )
    return resolved


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _resolved(part: Any, definitions: dict[str, Any]) -> Any:
    match part:
        case {"$ref": str(reference), **rest}:
            return _resolved(definitions[reference.rpartition("/")[2]] | rest, definitions)
        case dict():
            return {name: _resolved(value, definitions) for name, value in part.items()}
        case list():
            return [_resolved(value, definitions) for value in part]
        case _:
            return part
