"""What is affected by a nonconformity, and what is done with it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from capa.domain.errors import ConcessionMissing, DispositionInvalid, RationaleMissing
from common.refusals import FieldError


class DispositionKind(StrEnum):
    """What is done with the affected thing; a service has none, which is a decision too."""

    REWORK = "rework"
    REPAIR = "repair"
    SCRAP = "scrap"
    RETURN_TO_SUPPLIER = "return_to_supplier"
    USE_AS_IS = "use_as_is"
    REGRADE = "regrade"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Affected:
    """A lot that is affected; `quantity` is in `unit`, and None while nobody has counted."""

    lot: str
    quantity: Decimal | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Concession:
    """The permission to use as is: who authorised it, under which reference, for how long."""

    authorised_by: str
    reference: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class DispositionPart:
    """What is done with one lot or part of it; None means all that is affected."""

    kind: DispositionKind
    lot: str | None
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class Disposition:
    """The decision as a whole."""

    parts: tuple[DispositionPart, ...]
    rationale: str
    concession: Concession | None
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """Whether a corrective-action case is needed, and why."""

    needed: bool
    rationale: str
    decided_by: str
    decided_at: datetime


def decide(
    affected: tuple[Affected, ...],
    parts: tuple[DispositionPart, ...],
    *,
    rationale: str,
    concession: Concession | None,
    by: str,
    at: datetime,
) -> Disposition:
    """Decide on a disposition.

    Raises RationaleMissing, ConcessionMissing for a use as is that nobody authorised, and DispositionInvalid where parts
    contradict each other, name a lot that is not affected, or dispose of more than there is.
    """
    if not rationale.strip():
        raise RationaleMissing(
            "A disposition needs a rationale.",
            FieldError("/rationale", "rationale_missing", "The rationale is empty.", "say why"),
        )
    kinds = {part.kind for part in parts}
    if not parts or (DispositionKind.NOT_APPLICABLE in kinds and len(parts) > 1):
        raise DispositionInvalid(
            "A disposition has at least one part, and not_applicable stands alone.",
            FieldError(
                "/parts", "parts_contradict", "Parts are missing or contradict each other.", "correct them"
            ),
        )
    if DispositionKind.USE_AS_IS in kinds and concession is None:
        raise ConcessionMissing(
            "Whoever authorised the use as is must be named.",
            FieldError(
                "/concession", "concession_missing", "There is no concession.", "name who authorised it"
            ),
        )
    _check_quantities(affected, parts)
    return Disposition(
        parts, rationale.strip(), concession if DispositionKind.USE_AS_IS in kinds else None, by, at
    )


def _check_quantities(affected: tuple[Affected, ...], parts: tuple[DispositionPart, ...]) -> None:
    counted = {each.lot: each.quantity for each in affected}
    for nth, part in enumerate(parts):
        if part.lot is not None and part.lot not in counted:
            raise DispositionInvalid(
                f"The lot {part.lot} is not among those affected.",
                FieldError(
                    f"/parts/{nth}/lot",
                    "lot_unknown",
                    "Not an affected lot.",
                    "describe what is affected first",
                ),
            )
    for lot, quantity in counted.items():
        disposed = sum((part.quantity or Decimal(0) for part in parts if part.lot == lot), Decimal(0))
        if quantity is not None and disposed > quantity:
            raise DispositionInvalid(
                f"Of lot {lot} {quantity} are affected, but {disposed} are disposed of.",
                FieldError("/parts", "quantity_exceeded", "More than is affected.", "correct the quantities"),
            )
