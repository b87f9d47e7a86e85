"""What an answer about customers needs from outside: how many different ones complained, and of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class By(StrEnum):
    """What is told apart."""

    PRODUCT = "product"
    CATEGORY = "category"
    BOTH = "product_category"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which complaints are looked at: those received from `since` and before `until`; `products` None for all of them.

    `within` is the source system whose complaints the caller may see, None for all.
    """

    since: datetime
    until: datetime
    by: By
    products: frozenset[str] | None
    within: str | None
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of complaint; `unnamed` of its complaints tell nothing by which their customer could be known again.

    `share` is its part of the customers of all kinds, `cumulative` that of all down to it.
    """

    name: str
    customers: int
    complaints: int
    unnamed: int
    share: float | None
    cumulative: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedCustomers:
    """The kinds, most customers first, equal ones by name; `customers` counts each customer of several kinds once."""

    kinds: Sequence[Kind]
    customers: int
    complaints: int
    unnamed: int


class CountCustomers(Protocol):
    """Counts customers where personal data lie; who they are leaves nothing but numbers."""

    async def count(self, asked: Asked) -> AffectedCustomers:
        """Count them."""
        ...
