"""What notifier refuses.

Refusal
├── Missing
│   ├── PersonUnknown           nobody has this id
│   ├── DeadlineUnknown         the thing has no clock of this name
│   └── DeliveryUnknown         no delivery has this id
├── NotTheOwner                 somebody answers for a deadline of another, without the right to
├── Unacceptable
│   ├── PersonInvalid           values of a person break a rule; `errors` names each
│   ├── AnswerInvalid           an answer to a notice breaks a rule; `errors` names the value
│   └── LadderInvalid           a ladder breaks a rule; stops the process when it starts
└── Conflicting
    ├── PersonExists            the id is taken
    ├── WebhookAbsent           the step needs a webhook and the person has none
    ├── DeliveryUnfinished      the delivery is still being tried by itself
    ├── NothingToRedeliver      everything it told of is met, voided, set anew or answered
    ├── NothingToAnswer         the deadline is not open, or nobody was told yet that it is overdue
    ├── AcknowledgedBefore      the step was acknowledged, and that has expired
    ├── AlreadyEscalated        somebody else was told already, so that nothing is postponed
    ├── CriticalNotSnoozed      what is critical is not postponed
    ├── SnoozesUsedUp           the ladder allows no further snooze
    └── NothingToSnooze         no step comes that could be postponed
"""

from typing import ClassVar

from common.refusals import Conflicting, Missing, Refusal, Unacceptable


class PersonUnknown(Missing):
    """Nobody has this id."""

    code: ClassVar[str] = "person_unknown"


class DeadlineUnknown(Missing):
    """The thing has no clock of this name."""

    code: ClassVar[str] = "deadline_unknown"


class NotTheOwner(Refusal):
    """Somebody answers for a deadline of another, without the right to."""

    code: ClassVar[str] = "not_the_owner"


class DeliveryUnknown(Missing):
    """No delivery has this id."""

    code: ClassVar[str] = "delivery_unknown"


class PersonInvalid(Unacceptable):
    """Values of a person break a rule."""

    code: ClassVar[str] = "person_invalid"


class AnswerInvalid(Unacceptable):
    """An answer to a notice breaks a rule."""

    code: ClassVar[str] = "answer_invalid"


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


class NothingToAnswer(Conflicting):
    """The deadline is not open, or nobody was told yet that it is overdue."""

    code: ClassVar[str] = "nothing_to_answer"


class AcknowledgedBefore(Conflicting):
    """The step was acknowledged, and that has expired."""

    code: ClassVar[str] = "acknowledged_before"


class AlreadyEscalated(Conflicting):
    """Somebody else was told already."""

    code: ClassVar[str] = "already_escalated"


class CriticalNotSnoozed(Conflicting):
    """What is critical is not postponed."""

    code: ClassVar[str] = "critical_not_snoozed"


class SnoozesUsedUp(Conflicting):
    """The ladder allows no further snooze."""

    code: ClassVar[str] = "snoozes_used_up"


class NothingToSnooze(Conflicting):
    """No step comes that could be postponed."""

    code: ClassVar[str] = "nothing_to_snooze"
