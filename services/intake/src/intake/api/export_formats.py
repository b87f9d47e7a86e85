"""The forms of an export, and the columns of its CSV."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from operator import itemgetter
from typing import Any, Final, Literal

import orjson

from intake.api.shaping import shape
from intake.api.spreadsheets import csv_lines
from intake.domain.complaint import Complainant
from intake.domain.lifecycle.guards import Situation
from intake.usecases.views import ComplaintView

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
ExportFormat = Literal["csv", "ndjson"]

_PLAIN: Final = (
    "number",
    "id",
    "source_system",
    "external_id",
    "state",
    "channel",
    "reported_severity",
    "product",
    "category",
    "lot",
    "serial",
    "title",
    "description",
    "remedy_sought",
    "occurred_at",
    "aware_at",
    "received_at",
    "recorded_at",
    "updated_at",
    "historical",
    "version",
)
_COMPLAINANT: Final = tuple(field.name for field in fields(Complainant))
_Shaped = Mapping[str, Any]


def _of_complainant(name: str) -> Callable[[_Shaped], object]:
    return lambda shaped: (shaped["complainant"] or {}).get(name)


COLUMNS: Final[Mapping[str, Callable[[_Shaped], object]]] = {
    **{name: itemgetter(name) for name in _PLAIN},
    "triage": lambda shaped: shaped["triage"]["state"],
    "triage_reason": lambda shaped: shaped["triage"]["reason"],
    "nonconformity": lambda shaped: (shaped["nonconformity"] or {}).get("number"),
    "nonconformity_state": lambda shaped: (shaped["nonconformity"] or {}).get("state"),
    "owner": lambda shaped: shaped["handling"]["owner"],
    "team": lambda shaped: shaped["handling"]["team"],
    "assessed_severity": lambda shaped: (shaped["handling"]["assessment"] or {}).get("severity"),
    "assessed_category": lambda shaped: (shaped["handling"]["assessment"] or {}).get("category"),
    "acknowledged_at": lambda shaped: shaped["handling"]["acknowledged_at"],
    "responded_at": lambda shaped: (shaped["handling"]["response"] or {}).get("at"),
    "closed_at": lambda shaped: (shaped["handling"]["closure"] or {}).get("at"),
    "closure_code": lambda shaped: (shaped["handling"]["closure"] or {}).get("code"),
    "reopened": lambda shaped: shaped["handling"]["reopened"],
    "actions_open": lambda shaped: sum(action["state"] == "open" for action in shaped["actions"]),
    "actions_overdue": lambda shaped: sum(action["overdue"] for action in shaped["actions"]),
    # Behind all others, so that whoever reads by place goes on.
    "site": itemgetter("site"),
}
"""The columns of every CSV export, in order."""
PERSONAL_COLUMNS: Final[Mapping[str, Callable[[_Shaped], object]]] = {
    f"complainant_{name}": _of_complainant(name) for name in _COMPLAINANT
}
"""The columns that are added with personal data."""


class CsvFile:
    """An export as CSV."""

    def __init__(self, personal: bool) -> None:  # noqa: FBT001 - the one thing that it is made with
        self._personal = personal
        self._columns = {**COLUMNS, **PERSONAL_COLUMNS} if personal else COLUMNS

    def begin(self) -> bytes:
        """Write the header."""
        return csv_lines([tuple(self._columns)])

    def lines(self, views: Sequence[ComplaintView], situation: Situation) -> bytes:
        """Write complaints."""
        now = situation.now
        shaped = [shape(view, now=now, personal=self._personal, files=False) for view in views]
        return csv_lines([[_cell(read(one)) for read in self._columns.values()] for one in shaped])

    def cut(self, rows: int, cursor: str) -> bytes:
        """Write that there are more complaints, and where to go on."""
        return csv_lines([[f"# cut after {rows} complaints: go on with cursor={cursor}"]])


class NdjsonFile:
    """An export as one JSON object a line, each as the list shows it."""

    def __init__(self, personal: bool) -> None:  # noqa: FBT001 - the one thing that it is made with
        self._personal = personal

    def begin(self) -> bytes:
        """Write nothing."""
        return b""

    def lines(self, views: Sequence[ComplaintView], situation: Situation) -> bytes:
        """Write complaints."""
        now, personal = situation.now, self._personal
        return b"".join(
            _line(shape(view, now=now, personal=personal, files=False, situation=situation)) for view in views
        )

    def cut(self, rows: int, cursor: str) -> bytes:
        """Write that there are more complaints, and where to go on."""
        return _line({"cut": {"rows": rows, "next_cursor": cursor}})


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
