"""What may be corrected about a complaint, and the reason for it."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from intake.domain.complaint import Channel, Severity
from intake.usecases.complaint_form import (
    MOST_ATTACHMENTS,
    AttachmentForm,
    ComplainantForm,
    Form,
)
from intake.usecases.form_values import Code, Description, Instant, Line, Reason, Text

_NEVER_EMPTY = (
    "channel",
    "reported_severity",
    "product",
    "category",
    "description",
    "aware_at",
    "received_at",
    "attachments",
)


def _without_null(schema: dict[str, Any]) -> None:
    # None stands for "left out" here, and nobody may send it.
    for name in _NEVER_EMPTY:
        field = schema["properties"][name]
        field.update(next(option for option in field.pop("anyOf") if option.get("type") != "null"))
        field.pop("default", None)


class AmendmentForm(Form):
    """What to correct, and why: what is left out stays as it is, and null empties what may be empty."""

    model_config = ConfigDict(json_schema_extra=_without_null)

    reason: Reason = Field(
        description="Why it is corrected; kept in the history for good, so that it must hold no personal data.",
        examples=["Misheard the lot."],
    )
    channel: Channel | None = Field(None, description="How it reached the organisation.", examples=["phone"])
    reported_severity: Severity | None = Field(
        None, description="How bad the consequence is, as the source sees it.", examples=["major"]
    )
    product: Code | None = Field(
        None, description="Code of the product or service.", examples=["credit-card"]
    )
    category: Code | None = Field(None, description="Code of what went wrong.", examples=["fees"])
    lot: Code | None = Field(None, description="Code of the lot or batch.", examples=["L-2026-11"])
    site: Code | None = Field(
        None,
        description="Code of the site that it concerns, such as a plant, a branch or the place of manufacture.",
        examples=["plant-2"],
    )
    serial: Line | None = Field(None, description="Serial number of the thing.", examples=["SN 100-200"])
    title: Line | None = Field(None, description="The complaint in a line.", examples=["Charged twice"])
    description: Description | None = Field(None, description="What went wrong, in the complainant's words.")
    remedy_sought: Text | None = Field(None, description="What the complainant wants done.")
    occurred_at: Instant | None = Field(None, description="When it happened.")
    aware_at: Instant | None = Field(None, description="When the organisation learned of it.")
    received_at: Instant | None = Field(None, description="When it reached the organisation.")
    complainant: ComplainantForm | None = Field(
        None, description="Who complains; replaces what was known, whole."
    )
    attachments: tuple[AttachmentForm, ...] | None = Field(
        None, max_length=MOST_ATTACHMENTS, description="Its documents; replaces the list, whole."
    )

    @model_validator(mode="after")
    def _keep_what_is_required(self) -> Self:
        emptied = [
            name for name in _NEVER_EMPTY if name in self.model_fields_set and getattr(self, name) is None
        ]
        if emptied:
            raise ValueError(f"{', '.join(emptied)} cannot be emptied: leave it out to keep what is known")
        return self

    def changes(self) -> dict[str, Any]:
        """Give the new values by name."""
        given = {name: getattr(self, name) for name in self.model_fields_set if name != "reason"}
        if self.complainant is not None:
            given["complainant"] = self.complainant.value()
        if self.attachments is not None:
            given["attachments"] = tuple(attachment.value() for attachment in self.attachments)
        return given
