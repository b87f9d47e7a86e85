"""The reasons of attempts as metrics tell them: a code that a receiver chooses must not make a series of its own."""

import re
from typing import Final

NO_REASON: Final = "none"
"""Nothing went wrong."""

OTHER: Final = "other"

_CODE: Final = re.compile(r"(http|smtp)_([0-9])[0-9]{2}")
_CLASSES: Final = ("http_3xx", "http_4xx", "http_5xx", "smtp_4xx", "smtp_5xx")
_NAMED: Final = (
    "address_not_supported",
    "address_refused",
    "attempts_used_up",
    "connection_broken",
    "inactive",
    "internal_error",
    "invalid_url",
    "no_channel",
    "secret_unreadable",
    "smtp_interrupted",
    "smtp_unreachable",
    "timeout",
    "unknown_person",
    "unreachable",
    "webhook_disabled",
)
REASONS: Final = (*_NAMED, *_CLASSES, OTHER)
"""Every reason that a metric tells of a failed attempt."""


def told(reason: str) -> str:
    """Name a reason as metrics do, a reply code by its class."""
    if reason in _NAMED:
        return reason
    code = _CODE.fullmatch(reason)
    name = f"{code[1]}_{code[2]}xx" if code else OTHER
    return name if name in _CLASSES else OTHER
