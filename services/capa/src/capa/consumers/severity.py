"""Severities as contracts say them."""

from capa.domain.severity import Severity
from events.contracts import words
from events.failures import NeverWillWork


def severity_of(word: words.Severity) -> Severity:
    """Read a severity; one that only a newer release knows waits as a dead letter until this one is upgraded."""
    if word is words.Severity.UNKNOWN:
        raise NeverWillWork(
            "unknown_severity", "the event has a severity that this release does not know: upgrade capa"
        )
    return Severity(word.value)
