"""Complaints and the decisions about them."""

from collections.abc import Sequence
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any, assert_never
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db import parts
from capa.db.rows import (
    entry_of,
    following,
    nonconformity_of,
    row_of_action,
    row_of_entry,
    row_of_nonconformity,
)
from capa.db.tables import (
    ACTION_NUMBERS,
    NONCONFORMITY_NUMBERS,
    action,
    complaint,
    history,
    nonconformity,
    nonconformity_complaint,
    triage_decision,
)
from capa.domain.complaint import Complaint
from capa.domain.nonconformity import Nonconformity
from capa.domain.severity import Severity
from capa.domain.triage import Decision, Outcome
from capa.usecases.chronicle import Change
from capa.usecases.ports import (
    Amendment,
    Assessment,
    Belonging,
    Effect,
    Ending,
    Linked,
    Nearby,
    Raised,
    Worsened,
)
from chassis.many_rows import Row, document, in_one, insert_rows
from common.history import Entry

_ADMIT = insert_rows(complaint, "complaints", "ORDER BY id ON CONFLICT (id) DO NOTHING RETURNING id")
_FOLLOW = (
    sa.update(complaint)
    .where(complaint.c.id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))), ~complaint.c.followed)
    .values(followed=True)
)

# Two statements, not one: a statement sees what was committed when it began, which is before it waited for a lock. Pairs
# are locked in the order in which they are given.
_LOCK_PAIRS = sa.text("SELECT pg_advisory_xact_lock(pair) FROM unnest(CAST(:pairs AS bigint[])) AS pair")

_LAST = parts.last_entry(nonconformity.c.id)
_PLACE = (
    sa.func.unnest(
        *(
            sa.bindparam(name, type_=pg.ARRAY(type_))
            for name, type_ in (
                ("products", sa.Text()),
                ("categories", sa.Text()),
                ("earliest", sa.DateTime(timezone=True)),
                ("latest", sa.DateTime(timezone=True)),
            )
        )
    )
    .table_valued("product", "category", "earliest", "latest")
    .render_derived("place")
)
_OPEN_NEAR = (
    sa.select(nonconformity, *(column.label(f"last_{column.name}") for column in _LAST.c))
    .join(
        _PLACE,
        sa.and_(
            nonconformity.c.state == "open",
            # What staff raised is not what triage looks for: they link complaints to it by hand.
            nonconformity.c.origin.in_(["complaint", "signal"]),
            nonconformity.c.product == _PLACE.c.product,
            nonconformity.c.category == _PLACE.c.category,
            nonconformity.c.anchor_at.between(_PLACE.c.earliest, _PLACE.c.latest),
        ),
    )
    .join(_LAST, sa.true())
    .order_by(nonconformity.c.id)
    .with_for_update(of=nonconformity)
)
_NUMBERS = sa.select(
    NONCONFORMITY_NUMBERS.next_value().label("nonconformity"), ACTION_NUMBERS.next_value().label("action")
).select_from(sa.func.generate_series(1, sa.bindparam("count", type_=sa.Integer)))

_MOVED = "ORDER BY id ON CONFLICT (id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in ("severity", "complaints", "version")
)
_KEEP = in_one(
    insert_rows(triage_decision, "decisions"),
    insert_rows(nonconformity, "nonconformities", _MOVED),
    insert_rows(nonconformity_complaint, "links"),
    insert_rows(action, "actions"),
    insert_rows(history, "entries"),
)

_AMEND = (
    sa.update(complaint)
    .where(complaint.c.id == sa.bindparam("complaint_id"), complaint.c.version < sa.bindparam("to_version"))
    .values(
        version=sa.bindparam("to_version"),
        # What its source says of severity and category counts until they are assessed here.
        severity=sa.case(
            (complaint.c.assessed_at.is_(None), sa.bindparam("to_severity")), else_=complaint.c.severity
        ),
        product=sa.bindparam("to_product"),
        category=sa.case(
            (complaint.c.assessed_at.is_(None), sa.bindparam("to_category")), else_=complaint.c.category
        ),
        site=sa.case(
            (sa.bindparam("tells_site", type_=sa.Boolean), sa.bindparam("to_site", type_=sa.Text)),
            else_=complaint.c.site,
        ),
    )
)
_ASSESS = (
    sa.update(complaint)
    .where(complaint.c.id == sa.bindparam("complaint_id"), complaint.c.version < sa.bindparam("to_version"))
    .values(
        version=sa.bindparam("to_version"),
        severity=sa.bindparam("to_severity"),
        product=sa.bindparam("to_product"),
        category=sa.bindparam("to_category"),
        assessed_at=sa.bindparam("at"),
    )
    .returning(complaint)
)
# Two statements: one that changes a row cannot tell what was there before.
_HOLD = (
    sa.select(complaint.c.ended, complaint.c.version)
    .where(complaint.c.id == sa.bindparam("complaint_id"))
    .with_for_update()
)
_END = (
    sa.update(complaint)
    .where(complaint.c.id == sa.bindparam("complaint_id"))
    .values(version=sa.bindparam("to_version"), ended=sa.bindparam("to_ended"))
)
_DECIDED = (
    sa.select(triage_decision.c.ordinal, triage_decision.c.outcome, triage_decision.c.nonconformity_id)
    .where(triage_decision.c.complaint_id == sa.bindparam("complaint_id"))
    .order_by(triage_decision.c.ordinal.desc())
    .limit(1)
)
_TARGET = (
    sa.select(nonconformity, *(column.label(f"last_{column.name}") for column in _LAST.c))
    .join(_LAST, sa.true())
    .where(nonconformity.c.id == sa.bindparam("nonconformity_id"))
    .with_for_update(of=nonconformity)
)
_HELD = (
    sa.select(nonconformity.c.id)
    .where(nonconformity.c.id == sa.bindparam("nonconformity_id"))
    .with_for_update()
)
_NOTE = insert_rows(history, "entries")


class PostgresTriage:
    """Reads and writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._last: dict[UUID, Entry] = {}
        """The last entry of each nonconformity that was read or written in this transaction."""

    async def admit(self, complaints: Sequence[Complaint]) -> Sequence[bool]:
        """Write complaints down; of one that comes twice only the first is new.

        An amendment cannot come before, since it has the complaint's key; so a known complaint is one decided about.
        """
        if not complaints:
            return []
        rows = document(map(_row_of_complaint, complaints))
        new = {row.id for row in await self._connection.execute(_ADMIT, {"complaints": rows})}
        known = [complaint.id for complaint in complaints if complaint.id not in new]
        if known:
            # Told again from the records of intake, which tells all that happened to it since.
            await self._connection.execute(_FOLLOW, {"ids": known})
        return [_taken_out(new, complaint.id) for complaint in complaints]

    async def open_near(self, places: Sequence[Nearby]) -> Sequence[Nonconformity]:
        """Lock the pairs, in one order for all transactions, then read what is open there."""
        if not places:
            return []
        pairs = sorted({pair_of(place.product, place.category) for place in places})
        await self._connection.execute(_LOCK_PAIRS, {"pairs": pairs})
        rows = await self._connection.execute(
            _OPEN_NEAR,
            {
                "products": [place.product for place in places],
                "categories": [place.category for place in places],
                "earliest": [place.earliest for place in places],
                "latest": [place.latest for place in places],
            },
        )
        return [self._remember(row) for row in rows]

    async def next_numbers(self, count: int) -> Sequence[tuple[str, str]]:
        """Take numbers from each of the two sequences."""
        if not count:
            return []
        rows = await self._connection.execute(_NUMBERS, {"count": count})
        return [(f"NC-{row.nonconformity}", f"A-{row.action}") for row in rows]

    async def keep(self, decided: Sequence[tuple[Decision, Effect]]) -> None:
        """Write decisions and their effects in one statement; of a nonconformity only what came out at last."""
        if not decided:
            return
        standing: dict[UUID, Row] = {}
        links, actions, entries = [], [], []
        for decision, effect in decided:
            if effect is None:
                continue
            target = effect.nonconformity
            standing[target.id] = row_of_nonconformity(target)
            if not isinstance(effect, Worsened):
                links.append(_link(decision, target))
            match effect:
                case Linked(change=change) | Worsened(change=change):
                    entries.append(self._entry(target.id, change))
                case Raised(action=given):
                    entries.append(self._entry(target.id, effect.nonconformity_change))
                    actions.append(row_of_action(given))
                    entries.append(self._entry(given.id, effect.action_change))
                case never:
                    assert_never(never)
        rows = {
            "decisions": [_row_of_decision(decision) for decision, _ in decided],
            "nonconformities": standing.values(),
            "links": links,
            "actions": actions,
            "entries": entries,
        }
        await self._connection.execute(_KEEP, {name: document(each) for name, each in rows.items()})

    async def amend(self, amendment: Amendment) -> None:
        """Write what is shown of a complaint, unless a newer version is there."""
        await self._connection.execute(
            _AMEND,
            {
                "complaint_id": amendment.complaint_id,
                "to_version": amendment.version,
                "to_severity": amendment.severity.value,
                "to_product": amendment.product,
                "to_category": amendment.category,
                "tells_site": amendment.tells_site,
                "to_site": amendment.site,
            },
        )

    async def assess(self, assessment: Assessment) -> Complaint | None:
        """Show a complaint as it was assessed and lock it."""
        given = {
            "complaint_id": assessment.complaint_id,
            "to_version": assessment.version,
            "to_severity": assessment.severity.value,
            "to_product": assessment.product,
            "to_category": assessment.category,
            "at": assessment.taken.at,
        }
        row = (await self._connection.execute(_ASSESS, given)).one_or_none()
        return None if row is None or row.ended is not None else _complaint_of(row)

    async def end(self, ending: Ending) -> bool:
        """Note that a complaint ended or was taken up again; False where that is no news."""
        given = {"complaint_id": ending.complaint_id}
        row = (await self._connection.execute(_HOLD, given)).one_or_none()
        if row is None or row.version >= ending.version:
            return False
        values = {**given, "to_version": ending.version, "to_ended": ending.ended}
        await self._connection.execute(_END, values)
        return bool(row.ended != ending.ended)

    async def belonging(self, complaint_id: UUID) -> Belonging:
        """Read what was decided last about a complaint that was decided about, and lock where it belongs."""
        decided = (await self._connection.execute(_DECIDED, {"complaint_id": complaint_id})).one()
        target = None
        if decided.nonconformity_id is not None:
            given = {"nonconformity_id": decided.nonconformity_id}
            # Locked first, so that the end of its history is read as the holder of the lock before left it.
            await self._connection.execute(_HELD, given)
            target = self._remember((await self._connection.execute(_TARGET, given)).one())
        return Belonging(decided.ordinal, Outcome(decided.outcome), target)

    async def note(self, nonconformity: Nonconformity, change: Change) -> None:
        """Continue the history of a nonconformity that was read in this transaction."""
        entry = self._entry(nonconformity.id, change)
        await self._connection.execute(_NOTE, {"entries": document([entry])})

    def _remember(self, row: Any) -> Nonconformity:
        found = nonconformity_of(row)
        self._last[found.id] = entry_of(_last_of(row))
        return found

    def _entry(self, thing: UUID, change: Change) -> Row:
        entry = following(self._last.get(thing), change)
        self._last[thing] = entry
        return row_of_entry(thing, entry)


def _taken_out(new: set[UUID], identity: UUID) -> bool:
    """Tell whether it is among these, and leave it out from now on."""
    try:
        new.remove(identity)
    except KeyError:
        return False
    return True


def _link(decision: Decision, target: Nonconformity) -> Row:
    return {
        "nonconformity_id": target.id,
        "complaint_id": decision.complaint.id,
        "linked_at": decision.decided_at,
    }


def _complaint_of(row: Any) -> Complaint:
    return Complaint(
        id=row.id,
        number=row.number,
        version=row.version,
        severity=Severity(row.severity),
        product=row.product,
        category=row.category,
        channel=row.channel,
        received_at=row.received_at,
        historical=row.historical,
        correlation_id=row.correlation_id,
        site=row.site,
    )


def _row_of_complaint(value: Complaint) -> Row:
    return {
        "id": value.id,
        "number": value.number,
        "version": value.version,
        "severity": value.severity.value,
        "product": value.product,
        "category": value.category,
        "channel": value.channel,
        "received_at": value.received_at,
        "historical": value.historical,
        "correlation_id": value.correlation_id,
        "site": value.site,
        "followed": True,
    }


def _row_of_decision(value: Decision) -> Row:
    return {
        "id": value.id,
        "complaint_id": value.complaint.id,
        "ordinal": value.ordinal,
        "trigger": value.trigger,
        "outcome": value.verdict.outcome.value,
        "rule": value.verdict.rule,
        "reason": value.verdict.reason,
        "explanation": value.verdict.explanation,
        "policy_version": value.policy_version,
        "decided_at": value.decided_at,
        "nonconformity_id": value.nonconformity_id,
    }


def pair_of(product: str, category: str) -> int:
    """Name the advisory lock of whoever raises, links or changes nonconformities of a product and category."""
    # Codes hold no NUL, so that no two pairs read the same; a rare hash collision only makes two pairs wait.
    digest = blake2b(f"triage\0{product}\0{category}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _last_of(row: Any) -> SimpleNamespace:
    # The columns `last_*` of a row, under the names that `history` gives them.
    return SimpleNamespace(**{column.name: getattr(row, f"last_{column.name}") for column in history.c})
