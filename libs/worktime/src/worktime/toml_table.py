"""Takes values out of a parsed TOML table, by type, and leaves nothing unread."""

import re
from datetime import date
from typing import Self

from worktime.refusals import CalendarInvalid


class Table:
    """A table and where it stands; every refusal is a CalendarInvalid that names the place."""

    def __init__(self, place: str, value: object) -> None:
        if not isinstance(value, dict):
            raise CalendarInvalid(f"{place} must be a table, not {value!r}")
        self._place = place
        self._left: dict[str, object] = dict(value)

    def place_of(self, key: str) -> str:
        """Tell where a key of this table stands, for a refusal."""
        return f"{self._place}.{key}" if self._place else key

    def take(self, key: str) -> object:
        """Take any value; None where the key is missing."""
        return self._left.pop(key, None)

    def table(self, key: str) -> Self:
        """Take a table; an empty one where the key is missing."""
        return type(self)(self.place_of(key), self._left.pop(key, {}))

    def tables(self, key: str) -> list[Self]:
        """Take an array of tables; none where the key is missing."""
        return [type(self)(place, value) for place, value in self._array(key)]

    def texts(self, key: str) -> list[tuple[str, str]]:
        """Take an array of strings, each with its place; none where the key is missing."""
        return [(place, _text(place, value)) for place, value in self._array(key)]

    def text(self, key: str, pattern: re.Pattern[str], what: str) -> str:
        """Take a string that must be there and match."""
        text = _text(self.place_of(key), self.take(key))
        if not pattern.fullmatch(text):
            raise CalendarInvalid(f"{self.place_of(key)} must be {what}, not {text!r}")
        return text

    def text_or_none(self, key: str, pattern: re.Pattern[str], what: str) -> str | None:
        """Take a string that must match if it is there."""
        return self.text(key, pattern, what) if key in self._left else None

    def one_of(self, *keys: str) -> tuple[str, object]:
        """Take the one of these keys that is there; refuse none and several."""
        found = [key for key in keys if key in self._left]
        if len(found) != 1:
            raise CalendarInvalid(f"{self._place} must have exactly one of {', '.join(keys)}")
        return found[0], self._left.pop(found[0])

    def nothing_left(self) -> None:
        """Refuse keys that nobody took, since a misspelt key would be ignored in silence."""
        if self._left:
            unknown = ", ".join(self.place_of(key) for key in self._left)
            raise CalendarInvalid(f"unknown: {unknown}")

    def _array(self, key: str) -> list[tuple[str, object]]:
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise CalendarInvalid(f"{self.place_of(key)} must be an array, not {value!r}")
        return [(f"{self.place_of(key)}[{number}]", each) for number, each in enumerate(value)]


def as_date(place: str, value: object) -> date:
    """Check that a value is a TOML date and no date with a time."""
    if type(value) is not date:  # A datetime is a date to isinstance, and is not meant here.
        raise CalendarInvalid(f"{place} must be a date such as 2026-12-24, unquoted, not {value!r}")
    return value


def _text(place: str, value: object) -> str:
    if not isinstance(value, str):
        problem = "is missing" if value is None else f"must be a string, not {value!r}"
        raise CalendarInvalid(f"{place} {problem}")
    return value
