"""The refusals of intake.

Refusal
├── Missing
│   └── NoSuchComplaint     there is none, or none that this caller may see
├── Unacceptable
│   ├── NoSuchOther         a step names another complaint that there is not
│   ├── FromTheFuture       a time lies further ahead than clocks may differ
│   └── SourceUnnamed       an external id without a source system says nothing
├── Conflicting
└── ForeignSource           the key belongs to one source system and names another
"""

from typing import ClassVar

from common.refusals import FieldError, Missing, Refusal, Unacceptable


class NoSuchComplaint(Missing):
    """There is no such complaint, or none that this caller may see."""

    def __init__(self) -> None:
        super().__init__("There is no complaint of this id or number that you may see.")


class NoSuchOther(Unacceptable):
    """A step names another complaint that there is not, or that this caller may not see."""

    code: ClassVar[str] = "no_such_other_complaint"

    def __init__(self) -> None:
        super().__init__(
            "The step names another complaint that there is not, or that you may not see: send its id or number."
        )


class FromTheFuture(Unacceptable):
    """A time lies further ahead than clocks may differ."""

    code: ClassVar[str] = "time_in_future"

    def __init__(self, *names: str) -> None:
        errors = [
            FieldError(f"/{name}", "time_in_future", "lies in the future", "send when it really happened")
            for name in names
        ]
        super().__init__("What has not happened yet cannot be complained of.", *errors)


class ForeignSource(Refusal):
    """The caller's key belongs to one source system and the complaint, or the import as a whole, names another.

    `place` is where it does: a JSON pointer, or the name of a parameter.
    """

    code: ClassVar[str] = "foreign_source_system"

    def __init__(self, own: str, *, place: str = "/source_system") -> None:
        super().__init__(
            f"This key may only speak for {own}.",
            FieldError(place, "foreign_source_system", f"is not {own}", "leave it out"),
        )
