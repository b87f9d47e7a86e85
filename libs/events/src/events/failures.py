"""What can go wrong on the way.

DeliveryFailure
├── TransportAway     the carrier does not answer: wait and try again, without limit
├── AlreadyHandled    this group has handled the event: nothing to do
├── KeyBlocked        an earlier event of the key waits to be handled: wait behind it
├── NeverWillWork     the handler knows that trying again cannot help: a dead letter
└── CannotOpen        the settings lead to no transport: a person has to correct them
"""


class DeliveryFailure(Exception):
    """Base of everything that delivery raises on purpose."""


class TransportAway(DeliveryFailure):
    """The carrier does not answer; nothing is known about what was under way."""


class AlreadyHandled(DeliveryFailure):
    """The group has handled this event before."""


class KeyBlocked(DeliveryFailure):
    """An earlier event of the same key is parked or dead."""


class NeverWillWork(DeliveryFailure):
    """Trying the event again cannot help; `code` says why in one word."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class CannotOpen(DeliveryFailure):
    """The settings lead to no transport; the sentence names the setting and what to do."""
