"""Judge a row of an import: what it tells, or everything that is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import orjson
from pydantic import ValidationError

from common.refusals import FieldError, Refusal
from intake.domain.complaint import Report
from intake.domain.importing import ImportOrder, RowOutcome, RowResult, StagedRow
from intake.domain.mapping import Profile, map_row
from intake.usecases.complaint_form import OWN_SOURCE, ComplaintForm

_MOST_ERRORS: Final = 20
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and what it tells, or None where `result` says why it is rejected."""

    number: int
    report: Report | None
    result: RowResult | None = None


def judge(row: StagedRow, order: ImportOrder, profile: Profile) -> Judged:
    """Map a row and check every value as POST /v1/complaints does."""
    if row.raw is None:
        error = row.error or FieldError("", "malformed_row", "cannot be read")
        return Judged(row.number, None, rejected(row.number, None, [error], profile))
    body, unreadable = map_row(profile, orjson.loads(row.raw))
    told = body.get("external_id")
    external_id = told[:_LONGEST_ID] if isinstance(told, str) else None
    try:
        form = ComplaintForm.model_validate_json(orjson.dumps(body))
        errors = unreadable
        report = form.report(
            own_source=order.own_source,
            default_source=order.source_system or profile.source_system or OWN_SOURCE,
            historical=order.historical,
        )
    except ValidationError as invalid:
        at = {error.pointer for error in unreadable}
        errors = [*unreadable, *(error for error in _errors(invalid) if error.pointer not in at)]
        return Judged(row.number, None, rejected(row.number, external_id, errors, profile))
    except Refusal as refusal:
        return Judged(row.number, None, rejected(row.number, external_id, refusal_errors(refusal), profile))
    if errors:
        return Judged(row.number, None, rejected(row.number, external_id, errors, profile))
    return Judged(row.number, report)


def rejected(
    number: int, external_id: str | None, errors: Sequence[FieldError], profile: Profile
) -> RowResult:
    """Make the result of a row that is refused, each error with the column that it came from."""
    return RowResult(
        number=number,
        external_id=external_id,
        outcome=RowOutcome.REJECTED,
        errors=tuple(_with_column(error, profile) for error in errors[:_MOST_ERRORS]),
    )


def refusal_errors(refusal: Refusal) -> list[FieldError]:
    """Give a refusal's errors, or itself as one where it names no value."""
    return list(refusal.errors) or [FieldError("", refusal.code, refusal.detail)]


def _with_column(error: FieldError, profile: Profile) -> Mapping[str, str]:
    column = profile.column_of(error.pointer)
    plain = {name: text for name, text in asdict(error).items() if text or name == "pointer"}
    return plain if column is None else {**plain, "column": column}


def _errors(invalid: ValidationError) -> list[FieldError]:
    return [
        FieldError(
            "".join(f"/{part}" for part in error["loc"]),
            error["type"],
            error["msg"],
            "correct it, or the profile",
        )
        for error in invalid.errors(include_url=False, include_input=False, include_context=False)
    ]
