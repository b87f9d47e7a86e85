"""Reads all that is on record of a complaint in one snapshot."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from intake.db.attached_files import file_of
from intake.db.clock_views import all_clocks
from intake.db.erasures import PostgresErasures
from intake.db.tables import attached_file
from intake.db.timelines import read_timeline
from intake.db.views import read_history, read_view
from intake.domain.attached_file import FileState
from intake.usecases.inspection_pack import MOST_ENTRIES, PackContents

_SNAPSHOT: Final = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_FILES: Final = (
    sa.select(attached_file)
    .where(
        attached_file.c.complaint_id == sa.bindparam("id"),
        attached_file.c.state.in_([state.value for state in FileState]),
    )
    .order_by(attached_file.c.uploaded_at, attached_file.c.id)
)


class PostgresPacks:
    """The `Packs` on one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, reference: str, *, within: str | None) -> PackContents:
        """Read it as it is at one moment; raises NoSuchComplaint."""
        async with self._engine.connect() as connection:
            await connection.execute(_SNAPSHOT)
            view = await read_view(connection, reference, within)
            complaint_id = view.complaint.id
            timeline = await read_timeline(connection, complaint_id, limit=MOST_ENTRIES)
            files = await connection.execute(_FILES, {"id": complaint_id})
            return PackContents(
                view=view,
                history=await read_history(connection, complaint_id),
                timeline=timeline.items,
                timeline_complete=timeline.next_keys is None,
                files=tuple(file_of(row) for row in files),
                clocks=await all_clocks(connection, complaint_id),
                hold=await PostgresErasures(connection).hold(complaint_id),
            )
