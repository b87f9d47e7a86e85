"""A complaint as it is handed over, by whatever way: every value checked before any rule is asked."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from intake.domain.complaint import (
    UNCLASSIFIED,
    Account,
    Attachment,
    Channel,
    Complainant,
    Report,
    Severity,
)
from intake.domain.errors import ForeignSource
from intake.usecases.form_values import (
    Code,
    Country,
    Description,
    ExternalId,
    Flag,
    Instant,
    Line,
    MediaType,
    Text,
    Url,
)

NOBODY: Final = Complainant()
MOST_ATTACHMENTS: Final = 50
OWN_SOURCE: Final = "redress"
"""The source system of what staff write down themselves."""


class Form(BaseModel):
    """Refuses what it does not know, so that a misspelt field is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ComplainantForm(Form):
    """Who complains. Personal data: kept apart, and shown only with the scope complaints:personal."""

    reference: Line | None = Field(
        None, description="The source's own id of the person.", examples=["K-4711"]
    )
    name: Line | None = Field(None, description="Name of the person.", examples=["Ada Moreau"])
    email: Line | None = Field(None, description="Mail address.", examples=["ada@example.org"])
    phone: Line | None = Field(
        None, description="Telephone number, as it was given.", examples=["+49 30 1234"]
    )
    address: Text | None = Field(None, description="Postal address.", examples=["Lindenallee 1, Berlin"])
    country: Country | None = Field(None, description="Country by ISO 3166-1 alpha-2.", examples=["DE"])

    def value(self) -> Complainant | None:
        """Give the complainant, or None where nothing is said of one."""
        found = Complainant(
            reference=self.reference,
            name=self.name,
            email=self.email,
            phone=self.phone,
            address=self.address,
            country=self.country,
        )
        return None if found == NOBODY else found


class AttachmentForm(Form):
    """Where a document that belongs to the complaint lies."""

    name: Line = Field(description="File name, for a person.", examples=["statement.pdf"])
    url: Url = Field(description="Where it can be fetched.", examples=["https://crm.example.org/files/1"])
    media_type: MediaType = Field(description="Its media type.", examples=["application/pdf"])

    def value(self) -> Attachment:
        """Give the attachment."""
        return Attachment(name=self.name, url=self.url, media_type=self.media_type)


class ComplaintForm(Form):
    """A complaint to be received. Its identity is (source_system, external_id) where the source has an id."""

    external_id: ExternalId | None = Field(
        None,
        description="The source's own id of the complaint: telling it again amends, and never doubles.",
        examples=["CASE-2026-0815"],
    )
    source_system: Code | None = Field(
        None,
        description="Where the complaint comes from; else the key's own source system, or `redress` for staff.",
        examples=["crm"],
    )
    source_updated_at: Instant | None = Field(
        None,
        description="When the source last changed it: an older telling never reverts a newer one.",
        examples=["2026-11-20T09:31:00Z"],
    )
    channel: Channel = Field(description="How it reached the organisation.", examples=["phone"])
    reported_severity: Severity = Field(
        description="How bad the consequence is, as the source sees it.", examples=["major"]
    )
    product: Code = Field(description="Code of the product or service.", examples=["credit-card"])
    category: Code = Field(UNCLASSIFIED, description="Code of what went wrong.", examples=["fees"])
    lot: Code | None = Field(None, description="Code of the lot or batch.", examples=["L-2026-11"])
    site: Code | None = Field(
        None,
        description="Code of the site that it concerns, such as a plant, a branch or the place of manufacture.",
        examples=["plant-2"],
    )
    serial: Line | None = Field(None, description="Serial number of the thing.", examples=["SN 100-200"])
    title: Line | None = Field(None, description="The complaint in a line.", examples=["Charged twice"])
    description: Description = Field(
        description="What went wrong, in the complainant's words.",
        examples=["I was charged twice in October."],
    )
    remedy_sought: Text | None = Field(
        None, description="What the complainant wants done.", examples=["Refund the second charge."]
    )
    occurred_at: Instant | None = Field(
        None, description="When it happened.", examples=["2026-10-31T12:00:00Z"]
    )
    aware_at: Instant | None = Field(
        None,
        description="When the organisation learned of it; else when it was received.",
        examples=["2026-11-20T09:30:00Z"],
    )
    received_at: Instant | None = Field(
        None,
        description="When it reached the organisation; else now. At most 5 minutes ahead of our clock.",
        examples=["2026-11-20T09:30:00Z"],
    )
    historical: Flag = Field(
        False,
        description="Whether it is long settled and only put on record: nobody is mailed about the past.",
    )
    complainant: ComplainantForm | None = Field(None, description="Who complains.")
    attachments: Annotated[tuple[AttachmentForm, ...], Field(max_length=MOST_ATTACHMENTS)] = Field(
        (), description="Documents that belong to it; Redress keeps the references, not the documents."
    )

    def report(
        self, *, own_source: str | None, default_source: str = OWN_SOURCE, historical: bool = False
    ) -> Report:
        """Give what was told; raises ForeignSource where the caller speaks for one source system and names another."""
        if own_source is not None and self.source_system not in {None, own_source}:
            raise ForeignSource(own_source)
        return Report(
            source_system=self.source_system or own_source or default_source,
            external_id=self.external_id,
            source_updated_at=self.source_updated_at,
            account=self._account(),
            aware_at=self.aware_at,
            received_at=self.received_at,
            historical=historical or self.historical,
        )

    def _account(self) -> Account:
        return Account(
            channel=self.channel,
            reported_severity=self.reported_severity,
            product=self.product,
            category=self.category,
            lot=self.lot,
            site=self.site,
            serial=self.serial,
            title=self.title,
            description=self.description,
            remedy_sought=self.remedy_sought,
            occurred_at=self.occurred_at,
            complainant=self.complainant.value() if self.complainant else None,
            attachments=tuple(attachment.value() for attachment in self.attachments),
        )
