"""What notifier refuses.

Refusal
├── Missing
│   ├── PersonUnknown           nobody has this id
│   └── DeliveryUnknown         no delivery has this id
├── Unacceptable
│   ├── PersonInvalid           values of a person break a rule; `errors` names each
│   └── LadderInvalid           a ladder breaks a rule; stops the process when it starts
└── Conflicting
    ├── PersonExists            the id is taken
    ├── WebhookAbsent           the step needs a webhook and the person has none
    ├── DeliveryUnfinished      the delivery is still being tried by itself
    └── NothingToRedeliver      everything it told of is met, voided or set anew
"""

from typing import ClassVar

from common.refusals import Conflicting, Missing, Unacceptable


class PersonUnknown(Missing):
    """Nobody has this id."""

    code: ClassVar[str] = "person_unknown"


class DeliveryUnknown(Missing):
    """No delivery has this id."""

    code: ClassVar[str] = "delivery_unknown"


class PersonInvalid(Unacceptable):
    """Values of a person break a rule."""

    code: ClassVar[str] = "person_invalid"


class LadderInvalid(Unacceptable):
    """A ladder breaks a rule."""

    code: ClassVar[str] = "ladder_invalid"


class PersonExists(Conflicting):
    """The id is taken."""

    code: ClassVar[str] = "person_exists"


class WebhookAbsent(Conflicting):
    """The person has no webhook."""

    code: ClassVar[str] = "webhook_absent"


class DeliveryUnfinished(Conflicting):
    """The delivery is still being tried by itself."""

    code: ClassVar[str] = "delivery_unfinished"


class NothingToRedeliver(Conflicting):
    """Nothing that the delivery told of is still open as it was told."""

    code: ClassVar[str] = "nothing_to_redeliver"
