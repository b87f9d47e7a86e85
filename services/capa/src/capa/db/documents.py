"""Values that are kept whole, as JSON."""

from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


class Document(Generic[T]):
    """Writes values of one type as JSON, and reads them back as they were."""

    def __init__(self, kind: type[T]) -> None:
        self._adapter = TypeAdapter(kind)

    def write(self, value: T | None) -> Any:
        """Write a value; None stays None."""
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def read(self, stored: Any) -> T:
        """Read a value."""
        return self._adapter.validate_python(stored)

    def maybe(self, stored: Any) -> T | None:
        """Read a value that may not be there."""
        return None if stored is None else self.read(stored)
