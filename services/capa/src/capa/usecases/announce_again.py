"""Tells again what stands in capa's records: decisions, nonconformities and their links, cases, actions, and signals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from capa.domain.facts import ComplaintLinked
from capa.domain.nonconformity import Nonconformity
from capa.usecases.case_outgoing import CaseAnnouncer
from capa.usecases.cause import Cause
from capa.usecases.outgoing import Announcer
from capa.usecases.ports import Scope, Standing, StartWork
from capa.usecases.signal_telling import tell_signal
from capa.usecases.standing_action import tell_action
from capa.usecases.standing_case import last_change, standing_facts
from common.actor import Actor
from common.clock import Clock
from events.again import Keys, Part, Told, UnknownPlace, following
from events.envelope import Contract, Event

DECISIONS: Final = "decisions"
NONCONFORMITIES: Final = "nonconformities"
LINKS: Final = "links"
CASES: Final = "cases"
ACTIONS: Final = "actions"
SIGNALS: Final = "signals"
SECTIONS: Final = (DECISIONS, NONCONFORMITIES, LINKS, CASES, ACTIONS, SIGNALS)
"""In this order, so that each nonconformity is told before what is linked to it, and actions after what they belong to."""

_NUMBER_OF_KEYS: Final = {DECISIONS: 1, NONCONFORMITIES: 1, LINKS: 2, CASES: 1, ACTIONS: 1, SIGNALS: 1}
_CAPA: Final = Cause(Actor("service", "capa"))
"""Triage decides, raises and links by policy."""

Telling = tuple[Keys, Sequence[Event[Contract]]]
"""The keys of a thing, and what is told of it."""


@dataclass(frozen=True, slots=True)
class AnnounceAgain:
    """Tells one part of a section in one transaction, each thing as it stands.

    Each event has a new id: a listener that lost what it knew of a thing must not take it for handled. One that still
    knows it goes by the thing's id and version, or generation.
    """

    start_work: StartWork
    clock: Clock
    announcer: Announcer
    of_cases: CaseAnnouncer

    async def __call__(self, part: Part) -> Told:
        """Tell the next things of a section in the order of their keys; raises UnknownPlace."""
        scope = Scope(_after(part), part.since, part.records)
        async with self.start_work() as work:
            tellings = await self._tell(work.standing, part.place.section, scope)
            # Told anew now: `recorded_at` is what listeners measure an event's age by, `occurred_at` what it tells.
            told_at = {"recorded_at": self.clock()}
            events = [event.model_copy(update=told_at) for _, told in tellings for event in told]
            if not part.dry_run:
                work.announce(*events)
        keys = [each for each, _ in tellings]
        return Told(events, len(keys), following(SECTIONS, part.place, keys, part.records))

    async def _tell(self, standing: Standing, section: str, scope: Scope) -> list[Telling]:
        match section:
            case "decisions":
                return await self._decisions(standing, scope)
            case "nonconformities":
                return await self._nonconformities(standing, scope)
            case "links":
                return await self._links(standing, scope)
            case "cases":
                return await self._cases(standing, scope)
            case "actions":
                return await self._actions(standing, scope)
            case _:
                return [((str(each.id),), tell_signal(each, _CAPA)) for each in await standing.signals(scope)]

    async def _decisions(self, standing: Standing, scope: Scope) -> list[Telling]:
        return [
            ((str(decision.id),), [self.announcer.decided(decision, nonconformity, _CAPA)])
            for decision, nonconformity in await standing.decisions(scope)
        ]

    async def _nonconformities(self, standing: Standing, scope: Scope) -> list[Telling]:
        return [
            ((str(each.id),), self._nonconformity(each)) for each in await standing.nonconformities(scope)
        ]

    def _nonconformity(self, value: Nonconformity) -> list[Event[Contract]]:
        told = [self.announcer.raised(value, _CAPA)]
        if value.disposition is not None:
            decided = Cause(Actor.parse(value.disposition.decided_by))
            told.append(self.announcer.dispositioned(value, value.disposition.decided_at, decided))
        if value.closed_at is not None:
            told.append(self.announcer.closed(value, _CAPA))
        return told

    async def _cases(self, standing: Standing, scope: Scope) -> list[Telling]:
        return [
            ((str(each.id),), self.of_cases.of_case(each, standing_facts(each), last_change(each), _CAPA))
            for each in await standing.cases(scope)
        ]

    async def _links(self, standing: Standing, scope: Scope) -> list[Telling]:
        tellings: list[Telling] = []
        for link in await standing.links(scope):
            target = link.nonconformity
            fact = ComplaintLinked(link.complaint_id, link.complaint_number, target.severity)
            event = self.announcer.linked(target, fact, link.linked_at, _CAPA)
            tellings.append(((str(target.id), str(link.complaint_id)), [event]))
        return tellings

    async def _actions(self, standing: Standing, scope: Scope) -> list[Telling]:
        return [
            ((str(each.action.id),), tell_action(each, self.announcer))
            for each in await standing.actions(scope)
        ]


def _after(part: Part) -> tuple[UUID, ...]:
    section, keys = part.place.section, part.place.after
    if section not in SECTIONS:
        raise UnknownPlace(f"there is no section {section}; there are {', '.join(SECTIONS)}")
    try:
        ids = tuple(map(UUID, keys))
    except ValueError:
        raise UnknownPlace(f"{part.place} does not name a record by its ids") from None
    if ids and len(ids) != _NUMBER_OF_KEYS[section]:
        raise UnknownPlace(f"a record of {section} has {_NUMBER_OF_KEYS[section]} id(s), not {len(ids)}")
    return ids
