"""Instants as callers write them."""

import re
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_WRITTEN: Final = re.compile(r"\s*\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")


def _written(value: Any) -> Any:
    # Pydantic would take a number for seconds since 1970, so that a mistyped parameter would be answered for another time.
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN.match(value)):
        return value
    raise PydanticCustomError("datetime_parsing", "is no RFC 3339 timestamp")


Instant = Annotated[AwareDatetime, BeforeValidator(_written)]
"""An instant in a query or a body, by RFC 3339 with its offset from UTC; a number is refused."""
