"""What can go wrong on the way.

DeliveryFailure
├── TransportAway     the carrier does not answer: wait and try again, without limit
├── RecordRefused     the carrier will never take this record
├── AlreadyHandled    this group has handled the event: nothing to do
├── KeyBlocked        an earlier event of the key waits to be handled: wait behind it
└── NeverWillWork     the handler knows that trying again cannot help: a dead letter
"""


class DeliveryFailure(Exception):
    """Base of everything that delivery raises on purpose."""


class TransportAway(DeliveryFailure):
    """The carrier does not answer; nothing is known about what was under way."""


class RecordRefused(DeliveryFailure):
    """The carrier will never take the record at `index` of the batch; none of the batch counts as written."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class AlreadyHandled(DeliveryFailure):
    """The group has handled this event before."""


class KeyBlocked(DeliveryFailure):
    """An earlier event of the same key is parked or dead."""


class NeverWillWork(DeliveryFailure):
    """Trying the event again cannot help; `code` says why in one word."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
