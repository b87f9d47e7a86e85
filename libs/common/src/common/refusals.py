"""The errors that a rule raises on purpose.

Refusal
├── Missing        what was asked for does not exist
├── Unacceptable   the values given break a rule
├── Conflicting    the thing is in a state that does not allow the step
└── Stale          somebody else changed the thing first

A refusal is an answer and no crash: it has a stable code that clients may rely on, a sentence for a person and,
where single values are at fault, one `FieldError` for each. Whatever is not a refusal is a bug or an outage.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One value that is at fault: where it stands (a JSON pointer or parameter name), why, and what would help."""

    pointer: str
    code: str
    detail: str
    fix: str = ""


class Refusal(Exception):
    """A rule says no; `code` is stable, `detail` is for a person."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, *errors: FieldError) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class Missing(Refusal):
    """What was asked for does not exist, or not for this caller."""

    code: ClassVar[str] = "not_found"


class Unacceptable(Refusal):
    """The values given break a rule."""

    code: ClassVar[str] = "unacceptable"


class Conflicting(Refusal):
    """The thing is in a state that does not allow the step."""

    code: ClassVar[str] = "conflict"


class Stale(Refusal):
    """The thing changed since the caller read it; `current` is its version now."""

    code: ClassVar[str] = "stale_version"

    def __init__(self, detail: str, current: int) -> None:
        super().__init__(detail)
        self.current = current


def require_version(expected: int | None, current: int) -> None:
    """Refuse when the caller read another version than the current one; None asks for no check."""
    if expected is not None and expected != current:
        raise Stale(
            f"version {expected} was read, but the current version is {current}: read it again", current
        )
