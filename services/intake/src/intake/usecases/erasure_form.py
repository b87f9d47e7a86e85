"""What is said to erase a person, and to hold a complaint."""

from pydantic import Field

from intake.usecases.complaint_form import Form
from intake.usecases.form_values import Flag, Instant, Line, Reason

_LASTING = "stays in the history for good, so that it must hold no personal data"


class ErasureForm(Form):
    """Why a complaint's personal data is erased, and since when that is asked for."""

    reason: Reason = Field(
        description=f"Why; {_LASTING}.", examples=["Request under Article 17 GDPR, ticket P-118"]
    )
    requested_at: Instant | None = Field(
        None,
        description="When it was asked for; now where it is left out.",
        examples=["2026-11-27T09:00:00Z"],
    )


class PersonErasureForm(ErasureForm):
    """Whom to erase: a person by the source's own id."""

    source_system: Line = Field(description="The source system that knows the person.", examples=["crm"])
    reference: Line = Field(
        description="The source's own id of the person, `complainant.reference`.", examples=["K-4711"]
    )
    dry_run: Flag = Field(
        False, description="Whether only to tell which complaints would be erased, and which are held."
    )


class HoldForm(Form):
    """Why a complaint's personal data is kept, and until when."""

    reason: Reason = Field(description=f"Why; {_LASTING}.", examples=["Litigation 7 O 118/26"])
    until: Instant | None = Field(
        None,
        description="Until when; until it is released where it is left out.",
        examples=["2027-12-31T23:00:00Z"],
    )
