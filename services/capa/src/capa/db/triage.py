"""Complaints and the decisions about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any, assert_never
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import CTE

from capa.db import parts
from capa.db.rows import (
    entry_of,
    nonconformity_of,
    row_of_action,
    row_of_change,
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
from capa.domain.triage import Decision
from capa.usecases.ports import Amendment, Linked, Raised
from common.history import Entry

# Two statements, not one: a statement sees what was committed when it began, which is before it waited for the lock.
_LOCK_PAIR = sa.text("SELECT pg_advisory_xact_lock(:pair)")

_LAST = parts.last_entry(nonconformity.c.id)
_OPEN_NEAR = (
    sa.select(nonconformity, *(column.label(f"last_{column.name}") for column in _LAST.c))
    .join(_LAST, sa.true())
    .where(
        nonconformity.c.state == "open",
        nonconformity.c.product == sa.bindparam("product"),
        nonconformity.c.category == sa.bindparam("category"),
        nonconformity.c.anchor_at.between(sa.bindparam("earliest"), sa.bindparam("latest")),
    )
    .with_for_update(of=nonconformity)
)
_NUMBERS = sa.select(
    NONCONFORMITY_NUMBERS.next_value().label("nonconformity"), ACTION_NUMBERS.next_value().label("action")
)


def _decided() -> tuple[CTE, CTE]:
    # An amendment cannot come first, since it has the complaint's key; so a known complaint is one decided about before.
    known = (
        insert(complaint)
        .values(parts.inserted_row(complaint, "complaint"))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(sa.literal(1))
        .cte("known")
    )
    decision = (
        insert(triage_decision)
        .values(parts.inserted_row(triage_decision, "decision"))
        .on_conflict_do_nothing(constraint="triage_decision_once")
        .returning(sa.literal(1))
        .cte("decided")
    )
    return known, decision


def _keep_declined() -> sa.Select[Any]:
    known, decision = _decided()
    return sa.select(sa.literal(1)).select_from(decision).add_cte(known)


def _keep_linked() -> sa.Select[Any]:
    known, decision = _decided()
    moved = (
        sa.update(nonconformity)
        .where(nonconformity.c.id == sa.bindparam("nonconformity_id"), sa.exists(sa.select(decision)))
        .values(
            severity=sa.bindparam("nonconformity_severity"),
            complaints=sa.bindparam("nonconformity_complaints"),
            version=sa.bindparam("nonconformity_version"),
        )
        .returning(sa.literal(1))
        .cte("moved")
    )
    link = parts.insert_after(decision, nonconformity_complaint, "link")
    line = parts.insert_after(decision, history, "line")
    return sa.select(sa.literal(1)).select_from(decision).add_cte(known, moved, link, line)


def _keep_raised() -> sa.Select[Any]:
    known, decision = _decided()
    follow = [
        parts.insert_after(decision, table, prefix)
        for table, prefix in (
            (nonconformity, "nonconformity"),
            (nonconformity_complaint, "link"),
            (action, "action"),
            (history, "line"),
            (history, "action_line"),
        )
    ]
    return sa.select(sa.literal(1)).select_from(decision).add_cte(known, *follow)


_KEEP_DECLINED, _KEEP_LINKED, _KEEP_RAISED = _keep_declined(), _keep_linked(), _keep_raised()

_AMEND = (
    sa.update(complaint)
    .where(complaint.c.id == sa.bindparam("complaint_id"), complaint.c.version < sa.bindparam("to_version"))
    .values(
        version=sa.bindparam("to_version"),
        severity=sa.bindparam("to_severity"),
        product=sa.bindparam("to_product"),
        category=sa.bindparam("to_category"),
    )
)


_LastEntries = dict[UUID, Entry]
"""The last entry of each nonconformity that was read in this transaction."""


class PostgresTriage:
    """Reads and writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._last = _LastEntries()

    async def open_near(
        self, product: str, category: str, earliest: datetime, latest: datetime
    ) -> Sequence[Nonconformity]:
        """Lock the pair, then read its open nonconformities with an anchor in between."""
        await self._connection.execute(_LOCK_PAIR, {"pair": _pair(product, category)})
        rows = await self._connection.execute(
            _OPEN_NEAR, {"product": product, "category": category, "earliest": earliest, "latest": latest}
        )
        return [self._remember(row) for row in rows]

    async def next_numbers(self) -> tuple[str, str]:
        """Take a number from each of the two sequences."""
        row = (await self._connection.execute(_NUMBERS)).one()
        return f"NC-{row.nonconformity}", f"A-{row.action}"

    async def keep(self, decision: Decision, effect: Raised | Linked | None) -> bool:
        """Write a decision and its effect in one statement, of which either all takes place or nothing."""
        values = {
            **parts.under("complaint", _row_of_complaint(decision.complaint)),
            **parts.under("decision", _row_of_decision(decision)),
        }
        match effect:
            case None:
                statement = _KEEP_DECLINED
            case Linked():
                statement, values = _KEEP_LINKED, values | self._linked(decision, effect)
            case Raised():
                statement, values = _KEEP_RAISED, values | _raised(decision, effect)
            case never:
                assert_never(never)
        return (await self._connection.execute(statement, values)).first() is not None

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
            },
        )

    def _remember(self, row: Any) -> Nonconformity:
        found = nonconformity_of(row)
        self._last[found.id] = entry_of(_last_of(row))
        return found

    def _linked(self, decision: Decision, effect: Linked) -> dict[str, Any]:
        target = effect.nonconformity
        line = row_of_change(target.id, self._last[target.id], effect.change)
        return {
            "nonconformity_id": target.id,
            "nonconformity_severity": target.severity.value,
            "nonconformity_complaints": target.complaints,
            "nonconformity_version": target.version,
            **parts.under("link", _link(decision, target)),
            **parts.under("line", line),
        }


def _raised(decision: Decision, effect: Raised) -> dict[str, Any]:
    target, given = effect.nonconformity, effect.action
    return {
        **parts.under("nonconformity", row_of_nonconformity(target)),
        **parts.under("link", _link(decision, target)),
        **parts.under("action", row_of_action(given)),
        **parts.under("line", row_of_change(target.id, None, effect.nonconformity_change)),
        **parts.under("action_line", row_of_change(given.id, None, effect.action_change)),
    }


def _link(decision: Decision, target: Nonconformity) -> dict[str, Any]:
    return {
        "nonconformity_id": target.id,
        "complaint_id": decision.complaint.id,
        "linked_at": decision.decided_at,
    }


def _row_of_complaint(value: Complaint) -> Mapping[str, Any]:
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
    }


def _row_of_decision(value: Decision) -> Mapping[str, Any]:
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


def _pair(product: str, category: str) -> int:
    # Codes hold no NUL, so that no two pairs read the same; a rare hash collision only makes two pairs wait.
    digest = blake2b(f"triage\0{product}\0{category}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _last_of(row: Any) -> SimpleNamespace:
    # The columns `last_*` of a row, under the names that `history` gives them.
    return SimpleNamespace(**{column.name: getattr(row, f"last_{column.name}") for column in history.c})
