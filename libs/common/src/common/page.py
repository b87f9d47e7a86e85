"""One page of a longer list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items of one page, and the sort keys of its last item where more follow."""

    items: tuple[T, ...]
    next_keys: tuple[str, ...] | None = None
