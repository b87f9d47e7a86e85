"""The types that a contract's fields are built from.

An event travels far and stays long, so it holds no personal data and no text that a complainant wrote. Contract
fields therefore come from this list alone; a bare `str` is refused by a test. `StaffText` is what staff wrote for
colleagues, and says so in the generated documents.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, PlainSerializer, StringConstraints

from common.clock import instant_text

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,99}$"


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no such instant in UTC: its year is before 1 or after 9999") from error


Id = Annotated[UUID, Field(description="An identifier that Redress made.")]
Code = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN),
    Field(description="A code from a list that the organisation keeps; never free text."),
]
Number = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{1,4}-[0-9]{1,12}$"),
    Field(description="A number that a person can say on the phone."),
]
Instant = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
    Field(description="An instant in UTC."),
]
Count = Annotated[
    int,
    Field(
        ge=0, le=2_147_483_647, description="A whole number, 0 or more, that any database's integer holds."
    ),
]
StaffText = Annotated[
    str,
    # Without NUL, which PostgreSQL cannot hold: such an event would fail in every consumer for ever.
    StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$"),
    Field(description="Text that staff or Redress itself wrote; never a complainant's words."),
]
Flag = Annotated[bool, Field(description="Yes or no.")]
Link = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^(https?://|/)[^\s]*$"),
    Field(description="Where a person finds the thing: a URL, or a path below the announcing service's."),
]
Detail = Annotated[
    dict[str, object],
    Field(description="Structured data that Redress computed, such as a deadline's explanation."),
]

ALLOWED = (Id, Code, Number, Instant, Count, StaffText, Flag, Link, Detail)
