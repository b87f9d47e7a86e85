"""The refusals of intake.

Refusal
├── Missing
│   ├── NoSuchComplaint     there is none, or none that this caller may see
│   ├── NoSuchWebhook       the same of an endpoint for webhooks
│   └── NoSuchDelivery      the same of a delivery to one
├── Unacceptable
│   ├── NoSuchOther         a step names another complaint that there is not
│   ├── FromTheFuture       a time lies further ahead than clocks may differ
│   ├── WebhookInvalid      nothing can be posted to an endpoint like this
│   └── SourceUnnamed       an external id without a source system says nothing
├── Conflicting
│   ├── ComplaintErased     its personal data was erased, and none is taken any more
│   └── ErasureHeld         somebody or a rule keeps its personal data
│   ├── TooManyWebhooks     the source has as many endpoints as it may have
│   └── DeliveryUnderWay    a delivery is being sent just now
├── CursorExpired           the feed has forgotten what comes after the cursor
└── ForeignSource           the key belongs to one source system and names another
"""

from datetime import datetime
from typing import ClassVar

from common.clock import instant_text
from common.refusals import Conflicting, FieldError, Missing, Refusal, Unacceptable


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


class ComplaintErased(Conflicting):
    """Personal data of the complaint was erased, and none is taken any more; `names` are what would bring some."""

    code: ClassVar[str] = "complaint_erased"

    def __init__(self, *names: str) -> None:
        errors = [
            FieldError(f"/{name}", "complaint_erased", "may hold personal data", "leave it out")
            for name in names
        ]
        super().__init__(
            "The personal data of this complaint was erased. It takes codes and times, and what staff decided and found, alone.",
            *errors,
        )


class ErasureHeld(Conflicting):
    """Somebody, or the rule of retention that is named, keeps the personal data; `until` is None for no set end."""

    code: ClassVar[str] = "erasure_held"

    def __init__(self, reason: str, until: datetime | None, *, rule: str | None = None) -> None:
        self.reason = reason
        self.until = until
        by = "a hold" if rule is None else f"the retention rule {rule}"
        end = "until it is released" if until is None else f"until {instant_text(until)}"
        super().__init__(f"Personal data of this complaint is kept by {by} {end}: {reason}")


class NoSuchWebhook(Missing):
    """There is no such endpoint, or none that this caller may see."""

    def __init__(self) -> None:
        super().__init__("There is no webhook of this id that you may see.")


class NoSuchDelivery(Missing):
    """There is no such delivery to this endpoint."""

    def __init__(self) -> None:
        super().__init__("The webhook has no delivery of this id.")


class WebhookInvalid(Unacceptable):
    """Nothing can be posted to an endpoint like this."""

    code: ClassVar[str] = "webhook_invalid"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(f"{len(errors)} value(s) of this webhook cannot be accepted.", *errors)


class TooManyWebhooks(Conflicting):
    """The source has as many endpoints as it may have."""

    code: ClassVar[str] = "too_many_webhooks"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} webhooks already: delete one, or change one.")


class DeliveryUnderWay(Conflicting):
    """A delivery is being sent just now."""

    code: ClassVar[str] = "delivery_under_way"

    def __init__(self) -> None:
        super().__init__("The delivery is being sent just now: look at what comes of it first.")


class CursorExpired(Refusal):
    """The feed has forgotten what comes after the cursor; `days` is how long it remembers."""

    code: ClassVar[str] = "cursor_expired"

    def __init__(self, days: int) -> None:
        super().__init__(
            f"The feed remembers {days} days, and the cursor is older: changes behind it may be forgotten.",
            FieldError(
                "after",
                "cursor_expired",
                "is too old",
                "take after=latest, list the complaints with updated_since, then go on from the cursor",
            ),
        )
