"""An import: many complaints handed over in one file, and what came of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from common.actor import Actor
from common.refusals import FieldError, Missing, Unacceptable

MediaType = Literal["text/csv", "application/x-ndjson"]
OnError = Literal["continue", "abort"]


class ImportState(StrEnum):
    """Where an import stands: it ends finished, failed (the file could not be read) or aborted (at a rejected row)."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    ABORTED = "aborted"


class RowOutcome(StrEnum):
    """What came of a row; `unchanged` also where a newer telling is known."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    AMENDED = "amended"
    REJECTED = "rejected"


class NoSuchImport(Missing):
    """There is no such import, or none that this caller may see."""

    def __init__(self) -> None:
        super().__init__("There is no import of this id that you may see.")


class NoSuchProfile(Unacceptable):
    """No mapping profile has this name."""

    code: ClassVar[str] = "no_such_profile"

    def __init__(self, known: Sequence[str]) -> None:
        names = ", ".join(sorted(known))
        super().__init__(
            "There is no mapping profile of this name.",
            FieldError("profile", "no_such_profile", f"is none of {names}", f"choose one of {names}"),
        )


class FileUnreadable(Unacceptable):
    """A file as a whole cannot be read, so that no row of it was taken."""

    code: ClassVar[str] = "file_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """What is asked for; `own_source` binds every row to the caller's source system."""

    id: UUID
    media_type: MediaType
    profile: str
    source_system: str | None
    own_source: str | None
    actor: Actor
    dry_run: bool
    historical: bool
    on_error: OnError
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import as it stands; `rows` counts what was staged, `counts` what came of those that are done."""

    order: ImportOrder
    state: ImportState
    rows: int
    counts: Mapping[RowOutcome, int]
    detail: str
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of a file, numbered from 1; `raw` is its content as JSON, None where `error` says why it has none."""

    number: int
    raw: str | None
    error: FieldError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What came of a row, or outcome None where it was not processed."""

    number: int
    external_id: str | None = None
    outcome: RowOutcome | None = None
    complaint_number: str | None = None
    errors: tuple[Mapping[str, str], ...] = ()
    digest: bytes | None = None
