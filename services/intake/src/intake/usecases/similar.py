"""Which complaints resemble one, the most alike first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from intake.domain.similarity import Likeness, Reason, Traits, compare

# Reasons that many complaints share by chance; none of them alone, nor all together, makes a complaint similar.
_WEAK = frozenset({Reason.SAME_PRODUCT, Reason.NEAR_IN_TIME})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A complaint that might be similar, with what a person needs to recognise it."""

    id: UUID
    number: str
    external_id: str | None
    state: str
    title: str | None
    site: str | None
    traits: Traits


@dataclass(frozen=True, slots=True)
class Similar:
    """A complaint that is similar, how much and why."""

    candidate: Candidate
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class SimilarComplaints:
    """The most similar complaints, and of how many that were compared."""

    items: tuple[Similar, ...]
    compared: int


class Candidates(Protocol):
    """Finds complaints that have something in common with one."""

    async def of(
        self, reference: str, *, within: str | None, personal: bool
    ) -> tuple[Candidate, Sequence[Candidate]]:
        """Give the complaint, and some hundreds of others at most, by indexes; raises NoSuchComplaint.

        By the complainant they are found, and told, only where `personal`.
        """
        ...


class FindSimilar:
    """Finds candidates, compares them, and keeps the most alike."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates

    async def __call__(
        self, reference: str, *, within: str | None, personal: bool, limit: int, least: float
    ) -> SimilarComplaints:
        """Find at most `limit` complaints whose score is at least `least`; raises NoSuchComplaint."""
        one, others = await self._candidates.of(reference, within=within, personal=personal)
        traits = [_shown(other.traits, personal=personal) for other in others]
        likenesses = compare(_shown(one.traits, personal=personal), traits)
        found = [
            Similar(candidate, likeness)
            for candidate, likeness in zip(others, likenesses, strict=True)
            if likeness.score >= least and {common.reason for common in likeness.reasons} - _WEAK
        ]
        found.sort(key=lambda similar: (-similar.likeness.score, similar.candidate.number))
        return SimilarComplaints(tuple(found[:limit]), len(others))


def _shown(traits: Traits, *, personal: bool) -> Traits:
    return traits if personal else replace(traits, complainant=None)
