"""Adds or updates many people at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.actor import Actor
from common.clock import Clock
from common.refusals import FieldError, Stale, require_version
from notifier.domain.errors import PersonInvalid, PersonUnknown
from notifier.domain.person import Change, Details, Person, register, update
from notifier.usecases.ports import NewSecret, StartWork, Work

Outcome = Literal["created", "updated", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class Item:
    """A person as they shall be, and the version that was read, where a change made since must not be lost."""

    details: Details
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one item; a secret that was made for it is shown here and never again."""

    id: str
    outcome: Outcome
    version: int | None = None
    new_secret: str | None = None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadPeople:
    """Brings a directory in: each item stands for itself, a refused one loses no other."""

    start_work: StartWork
    clock: Clock
    new_secret: NewSecret

    async def __call__(self, given: Sequence[Item], actor: Actor) -> tuple[Loaded, ...]:
        """Create or update each in one transaction; an id that stands twice is taken in the order given."""
        async with self.start_work() as work:
            known = dict(await work.people.lock_many({item.details.id for item in given}))
            return tuple([await self._load(work, item, known, actor) for item in given])

    async def _load(self, work: Work, item: Item, known: dict[str, Person], actor: Actor) -> Loaded:
        now, secret, details = self.clock(), self.new_secret(), item.details
        person = known.get(details.id)
        stale = _stale(item, person)
        if stale is not None:
            return Loaded(details.id, "refused", errors=(stale,))
        try:
            if person is None:
                change: Change | None = register(details, fresh_secret=secret, now=now)
            else:
                change = update(person, details, fresh_secret=secret, now=now)
        except PersonInvalid as refusal:
            return Loaded(details.id, "refused", errors=refusal.errors)
        if change is None:
            return Loaded(details.id, "unchanged", person.version if person else None)
        if person is None and not await work.people.insert(change.person):
            error = FieldError("/id", "just_created", "another request has just created it", "send it again")
            return Loaded(details.id, "refused", errors=(error,))
        if person is not None:
            await work.people.save(change.person)
        outcome: Outcome = "created" if person is None else "updated"
        await work.people.remember(
            details.id, at=now, actor=str(actor), action=outcome, changes=change.changes, reason="bulk load"
        )
        known[details.id] = change.person
        return Loaded(details.id, outcome, change.person.version, change.new_secret)


def _stale(item: Item, person: Person | None) -> FieldError | None:
    if item.version is None:
        return None
    if person is None:
        return FieldError("/version", PersonUnknown.code, "nobody has this id", "leave the version out")
    try:
        require_version(item.version, person.version)
    except Stale as refusal:
        return FieldError("/version", refusal.code, refusal.detail, "read the person again")
    return None
