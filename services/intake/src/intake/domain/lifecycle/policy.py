"""The policy of closing: what the organisation decides about the end of complaints, as values that it edits."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingPolicy:
    """One version of the policy.

    A customer who says nothing for `response_period` (days of 24 hours) after the answer was sent, or cannot be reached in
    `contact_attempts` attempts, keeps no complaint open. `closure_codes` are the codes that a closure may have. With
    `needs_disposition` the linked nonconformity must be decided: it is open no longer.
    """

    version: str
    response_period: timedelta
    contact_attempts: int
    closure_codes: tuple[str, ...]
    needs_disposition: bool
