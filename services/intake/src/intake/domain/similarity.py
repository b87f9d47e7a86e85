"""How much a complaint resembles others, and why, in words."""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

NEAR: Final = timedelta(days=30)
"""The time over which nearness counts for a third of what it counts at the same instant."""
SHOWN_WORDS: Final = 5
_WORD: Final = re.compile(r"[^\W_]{3,}")
_LEAST: Final = 0.05


class Reason(StrEnum):
    """What two complaints have in common."""

    SAME_SERIAL = "same_serial"
    SAME_LOT = "same_lot"
    SAME_COMPLAINANT = "same_complainant"
    SAME_CATEGORY = "same_category"
    SAME_PRODUCT = "same_product"
    SHARED_WORDS = "shared_words"
    NEAR_IN_TIME = "near_in_time"


WEIGHTS: Final[Mapping[Reason, float]] = {
    Reason.SAME_SERIAL: 0.5,
    Reason.SAME_LOT: 0.4,
    Reason.SAME_COMPLAINANT: 0.25,
    Reason.SAME_CATEGORY: 0.2,
    Reason.SAME_PRODUCT: 0.1,
    Reason.SHARED_WORDS: 0.6,
    Reason.NEAR_IN_TIME: 0.1,
}
"""What each reason weighs at most: the chance that it alone makes two complaints tell of the same thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What complaints are compared by; `complainant` is the source system's own id of the person."""

    source_system: str
    product: str
    category: str
    lot: str | None
    serial: str | None
    complainant: str | None
    received_at: datetime
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Common:
    """One thing that two complaints have in common, what it weighs (0 to 1), and how a person would say it."""

    reason: Reason
    weight: float
    explanation: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two complaints resemble one another, from 0 to 1, and why, the weightiest reason first."""

    score: float
    reasons: tuple[Common, ...]


def words_of(*texts: str | None) -> frozenset[str]:
    """Give the words of texts that have three letters or more, in small letters."""
    return frozenset(word for text in texts if text for word in _WORD.findall(text.casefold()))


def compare(one: Traits, others: Sequence[Traits]) -> list[Likeness]:
    """Compare a complaint with each of the others.

    Each reason is a chance that both tell of the same thing, and the score is the chance that at least one holds. A word
    weighs the more the fewer of the complaints hold it, so that no list of a language's common words is needed.
    """
    held = Counter(word for traits in others for word in traits.words & one.words)
    worth = {word: math.log(1 + len(others) / (1 + held[word])) for word in one.words}
    return [_likeness(one, other, worth) for other in others]


def _likeness(one: Traits, other: Traits, worth: Mapping[str, float]) -> Likeness:
    found = [*_same(one, other), *_shared_words(one.words & other.words, worth), *_near(one, other)]
    found.sort(key=lambda common: -common.weight)
    score = 1 - math.prod(1 - common.weight for common in found)
    return Likeness(round(score, 3), tuple(found))


def _same(one: Traits, other: Traits) -> list[Common]:
    found = []
    if one.serial is not None and one.serial == other.serial:
        found.append(_common(Reason.SAME_SERIAL, f"Both are about serial number {one.serial}."))
    if one.product == other.product:
        if one.lot is not None and one.lot == other.lot:
            found.append(_common(Reason.SAME_LOT, f"Both are about lot {one.lot} of {one.product}."))
        if one.category == other.category:
            found.append(_common(Reason.SAME_CATEGORY, f"Both say {one.category} of {one.product}."))
        else:
            found.append(_common(Reason.SAME_PRODUCT, f"Both are about {one.product}."))
    if (
        one.complainant is not None
        and one.source_system == other.source_system
        and one.complainant == other.complainant
    ):
        found.append(_common(Reason.SAME_COMPLAINANT, "The same person complains."))
    return found


def _shared_words(shared: Collection[str], worth: Mapping[str, float]) -> list[Common]:
    # The other's words do not count against it: a long account of the same thing is no worse.
    all_of_it = sum(worth.values())
    share = sum(worth[word] for word in shared) / all_of_it if all_of_it else 0.0
    if share < _LEAST:
        return []
    telling = sorted(shared, key=lambda word: (-worth[word], word))[:SHOWN_WORDS]
    explanation = f"{len(shared)} words are in both, among them {', '.join(telling)}."
    return [_common(Reason.SHARED_WORDS, explanation, share)]


def _near(one: Traits, other: Traits) -> list[Common]:
    apart = abs(one.received_at - other.received_at)
    part = math.exp(-apart / NEAR)
    if part < _LEAST:
        return []
    days = apart.days
    said = "on the same day" if days == 0 else "a day apart" if days == 1 else f"{days} days apart"
    return [_common(Reason.NEAR_IN_TIME, f"They were received {said}.", part)]


def _common(reason: Reason, explanation: str, part: float = 1.0) -> Common:
    return Common(reason, round(WEIGHTS[reason] * part, 3), explanation)
