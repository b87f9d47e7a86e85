"""Entries of histories with what the chain binds beside them, read so that they can be verified."""

from typing import Any, Final

import sqlalchemy as sa

from intake.db.complaints import WITH_COMPLAINANT
from intake.db.rows import COMPLAINANT, entry_of
from intake.db.tables import complainant, complaint, complaint_history
from intake.domain.trail import Trace

_TEXTS: Final = ("title", "description", "remedy_sought", "serial", "attachments")
# The first entry binds what was told at first, which is in the complaint as far as it was never amended.
_FIRST: Final = complaint_history.c.position == 1
_PRESENT: Final = [
    sa.case((_FIRST, column)).label(f"present_{name}")
    for name, column in (
        *((name, complaint.c[name]) for name in _TEXTS),
        *((f"person_{name}", complainant.c[name]) for name in COMPLAINANT),
    )
]

TRACED: Final = (*complaint_history.c, *_PRESENT)
"""Every column that `trace_of` reads, of `ALL_TRACES`."""

ALL_TRACES: Final = WITH_COMPLAINANT.outerjoin(
    complaint_history, complaint_history.c.complaint_id == complaint.c.id
)
"""Every entry of every complaint; one without columns of an entry for a complaint that has none."""


def trace_of(row: Any) -> Trace:
    """Read an entry; the first one with the texts that the complaint has now."""
    if row.position != 1:
        return Trace(entry_of(row), row.withheld)
    present: dict[str, object] = {name: getattr(row, f"present_{name}") for name in _TEXTS}
    present["complainant"] = {name: getattr(row, f"present_person_{name}") for name in COMPLAINANT}
    return Trace(entry_of(row), row.withheld, present)
