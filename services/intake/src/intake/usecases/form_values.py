"""The values that complaints are told in, each with its bounds."""

import re
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, GetJsonSchemaHandler, Strict, StringConstraints
from pydantic_core import CoreSchema

from events.types import CODE_PATTERN

EARLIEST_YEAR: Final = 1900
LATEST_YEAR: Final = 2200
LONGEST_DESCRIPTION: Final = 20_000
LONGEST_TEXT: Final = 4_000
LONGEST_LINE: Final = 300
LONGEST_REASON: Final = 2_000

# What is printable is storable and of one line, and Python tells that faster than an expression would.
# PostgreSQL cannot hold U+0000, and half of a surrogate pair is no character at all.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _storable(value: str) -> str:
    if not value.isprintable() and _UNSTORABLE.search(value):
        raise ValueError("holds U+0000 or half of a surrogate pair, which cannot be stored")
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        if _CONTROL.search(value):
            raise ValueError("holds a line break or another control character")
        return _storable(value)
    return value


def _in_range(value: datetime) -> datetime:
    # Beyond these years neither Python nor a person can reckon with time zones.
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueError(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}")
    return value


class _Written:
    """What OpenAPI shall say of a text beside what Pydantic says of it: the rule itself is a validator's."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self._pattern}


NOT_BLANK: Final = _Written(r"\S")
OF_ONE_LINE: Final = _Written(
    r"^\s*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f\u2028\u2029]*\s*$",
)
_TRIMMED: Final = _Written(
    r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?$",
)
WITHIN_YEARS: Final = _Written(r"^(19|20|21)\d\d-|^2200-")

Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_LINE),
    AfterValidator(_one_line),
    OF_ONE_LINE,
]
ExternalId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$"),
    AfterValidator(_one_line),
    _TRIMMED,
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_storable),
    NOT_BLANK,
]
Description = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_DESCRIPTION),
    AfterValidator(_storable),
    NOT_BLANK,
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON),
    AfterValidator(_storable),
    NOT_BLANK,
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
MediaType = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$")
]
Url = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s\x00-\x1f\x7f-\x9f]+$")]
Instant = Annotated[AwareDatetime, Strict(), AfterValidator(_in_range), WITHIN_YEARS]
Flag = Annotated[bool, Strict()]
