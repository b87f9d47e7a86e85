"""Actions, locked while they are worked on."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from capa.db import parts
from capa.db.rows import action_of, entry_of, following, row_of_action, row_of_entry
from capa.db.tables import ACTION_NUMBERS, action, action_notice, history
from capa.domain.action import Action
from capa.domain.errors import ActionMissing
from capa.usecases.chronicle import Change
from capa.usecases.ports import Notice, NoticeAnswer
from common.history import Entry

_LOCKED = sa.select(action).with_for_update()
_BY_ID = _LOCKED.where(action.c.id == sa.bindparam("reference", type_=sa.Uuid))
_BY_NUMBER = _LOCKED.where(action.c.number == sa.bindparam("reference", type_=sa.Text))
_LAST_ENTRY = (
    sa.select(history)
    .where(history.c.thing_id == sa.bindparam("thing"))
    .order_by(history.c.position.desc())
    .limit(1)
)
# What a step may change; everything else is as it was given.
_CHANGING = (
    "owner",
    "team",
    "state",
    "due_at",
    "calendar",
    "policy_version",
    "explanation",
    "due_changes",
    "generation",
    "completed_at",
    "cancelled_at",
    "evidence",
    "punctuality",
    "version",
    "completed_by",
    "verification",
    "cost",
    "extension",
)
_MOVED = (
    sa.update(action)
    .where(action.c.id == sa.bindparam("action_id"))
    .values({name: sa.bindparam(f"action_{name}", type_=action.c[name].type) for name in _CHANGING})
    .returning(action.c.id)
    .cte("moved")
)
_OF_PARENT = sa.select(action).where(action.c.parent_id == sa.bindparam("parent")).order_by(action.c.id)
_PARENT_BY_ID = sa.select(action.c.parent_kind, action.c.parent_id).where(
    action.c.id == sa.bindparam("reference", type_=sa.Uuid)
)
_PARENT_BY_NUMBER = sa.select(action.c.parent_kind, action.c.parent_id).where(
    action.c.number == sa.bindparam("reference", type_=sa.Text)
)
_ADD = sa.insert(action)
_SAVE = sa.select(_MOVED).add_cte(parts.insert_after(_MOVED, history, "line"))
# What notifier tells again comes under another event's id, and is the same in everything else.
_KNOWN = (
    sa.select(sa.literal(1))
    .select_from(action_notice)
    .where(
        *(
            column.is_not_distinct_from(sa.bindparam(f"notice_{column.name}", type_=column.type))
            for column in action_notice.c
            if column.name not in {"event_id", "action_id"}
        ),
        action_notice.c.action_id == sa.bindparam("notice_action_id"),
    )
    .exists()
)
# A notice about an action of somebody else finds no row to hang on.
_OURS = sa.select(action.c.id).where(action.c.id == sa.bindparam("notice_action_id"), ~_KNOWN).cte("ours")
_NOTE = sa.select(sa.literal(1)).add_cte(parts.insert_after(_OURS, action_notice, "notice"))


class PostgresActions:
    """Reads and writes on one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, reference: UUID | str) -> Action:
        """Lock an action by its id or number; refuses with ActionMissing."""
        statement = _BY_ID if isinstance(reference, UUID) else _BY_NUMBER
        row = (await self._connection.execute(statement, {"reference": reference})).first()
        if row is None:
            raise ActionMissing(f"There is no action {reference}.")
        return action_of(row)

    async def case_of(self, reference: UUID | str) -> UUID | None:
        """Tell to which case an action belongs, without locking it; None where it belongs to none or does not exist."""
        statement = _PARENT_BY_ID if isinstance(reference, UUID) else _PARENT_BY_NUMBER
        row = (await self._connection.execute(statement, {"reference": reference})).first()
        return row.parent_id if row is not None and row.parent_kind == "case" else None

    async def of_parent(self, parent_id: UUID) -> tuple[Action, ...]:
        """Read the actions of a nonconformity or case, in the order of their ids."""
        rows = await self._connection.execute(_OF_PARENT, {"parent": parent_id})
        return tuple(map(action_of, rows))

    async def next_number(self) -> str:
        """Take the next number."""
        return f"A-{(await self._connection.execute(sa.select(ACTION_NUMBERS.next_value()))).scalar_one()}"

    async def add(self, action: Action, change: Change) -> None:
        """Write an action that was just given, and the first line of its history."""
        await self._connection.execute(_ADD.values(row_of_action(action)))
        await self._connection.execute(
            sa.insert(history).values(row_of_entry(action.id, following(None, change)))
        )

    async def find(self, action_id: UUID) -> Action | None:
        """Lock an action, or tell that there is none."""
        row = (await self._connection.execute(_BY_ID, {"reference": action_id})).first()
        return None if row is None else action_of(row)

    async def save(self, action: Action, change: Change) -> None:
        """Write an action and the line of history in one statement."""
        row = row_of_action(action)
        changing = {name: row[name] for name in _CHANGING}
        line = row_of_entry(action.id, following(await self._last(action.id), change))
        values: dict[str, Any] = {"action_id": action.id, **parts.under("action", changing)}
        await self._connection.execute(_SAVE, values | parts.under("line", line))

    async def note(self, notice: Notice | NoticeAnswer) -> None:
        """Keep a notice or an answer, unless there is no such action or the same one is kept already."""
        row = {
            "event_id": notice.event_id,
            "action_id": notice.action_id,
            "kind": notice.kind,
            "generation": notice.generation,
            "at": notice.at,
            "step": notice.step,
            "reason": notice.reason,
        }
        match notice:
            case Notice():
                row |= {"recipient": notice.recipient, "channel": notice.channel, "until": None}
            case NoticeAnswer():
                row |= {"recipient": notice.by, "channel": None, "until": notice.until}
        await self._connection.execute(_NOTE, parts.under("notice", row))

    async def _last(self, action_id: UUID) -> Entry | None:
        # Read after the action's row was locked, so that it is the last one until the transaction ends.
        row = (await self._connection.execute(_LAST_ENTRY, {"thing": action_id})).first()
        return None if row is None else entry_of(row)
