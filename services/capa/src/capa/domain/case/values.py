"""What a case is made of: plain values, each written by one step."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from capa.domain.case.analysis import Method, Node
from capa.domain.due import Due
from capa.domain.risk import Clock


class Rejection(StrEnum):
    """Why a request becomes no case."""

    ALREADY_EXISTS = "already_exists"
    DOES_NOT_MEET_CRITERIA = "does_not_meet_criteria"
    DUPLICATE = "duplicate"
    INADEQUATE_INFORMATION = "inadequate_information"


class CauseKind(StrEnum):
    """Why it happened, or why it was not caught."""

    ROOT = "root"
    ESCAPE = "escape"


class Nature(StrEnum):
    """What kind of thing a cause is; human error and lack of training alone explain little."""

    HUMAN_ERROR = "human_error"
    TRAINING = "training"
    PROCEDURE = "procedure"
    DESIGN = "design"
    MATERIAL = "material"
    EQUIPMENT = "equipment"
    SUPPLIER = "supplier"
    MEASUREMENT = "measurement"
    ENVIRONMENT = "environment"
    MANAGEMENT = "management"


class Result(StrEnum):
    """What a check of the effect says."""

    EFFECTIVE = "effective"
    INEFFECTIVE = "ineffective"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the team, and what for."""

    person: str
    role: str


@dataclass(frozen=True, slots=True)
class Containment:
    """How the trouble was contained and that this was validated; or why nothing had to be."""

    needed: bool
    explanation: str
    validated_by: str
    validated_at: datetime


@dataclass(frozen=True, slots=True)
class IsIsNot:
    """One line of the comparison: what is affected, what could be and is not, and what that tells."""

    aspect: str
    is_: str
    is_not: str
    distinction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The problem statement: a sentence, the seven questions (5W2H), and what is and is not affected."""

    statement: str
    what: str
    where: str
    when: str
    who: str
    why: str
    how: str
    how_many: str
    comparison: tuple[IsIsNot, ...]


@dataclass(frozen=True, slots=True)
class CauseTest:
    """How a cause was verified: the test, what it showed, and whether the cause passed."""

    test: str
    passed: bool
    conclusion: str
    tested_by: str
    tested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause, how it was found, what speaks for it, and how it was tested; `cycle` is the round that found it."""

    id: UUID
    kind: CauseKind
    nature: Nature
    statement: str
    method: Method
    analysis: tuple[Node, ...]
    evidence: str
    cycle: int
    recorded_by: str
    recorded_at: datetime
    test: CauseTest | None


@dataclass(frozen=True, slots=True)
class RecordLink:
    """Another record: a nonconformity or a case."""

    kind: Literal["nonconformity", "case"]
    id: UUID


@dataclass(frozen=True, slots=True)
class SimilarAnswer:
    """Whether the same is found or possible elsewhere, where, and why that is said."""

    found: bool
    links: tuple[RecordLink, ...]
    explanation: str
    answered_by: str
    answered_at: datetime


Source = Literal["reported", "complaints"]
"""Where the counts of a check come from: whoever reviews reports them, or the complaints on record are counted."""

DAYS: Final = "days"
"""The unit of exposure of a plan that counts complaints against time."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What came in a window: so many events from so much exposure."""

    events: int
    exposure: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectPlan:
    """How the effect will be judged, fixed before the work.

    Events counted against exposure (units shipped, months, contracts): `baseline_events` in `baseline_exposure` before the
    work, the relative reduction aimed at (0 to 1), the level of significance, and the window after the work in days. With the
    source `complaints`, complaints of the case's product and category are counted in the window, against days or reported units.
    """

    metric: str
    exposure_unit: str
    baseline_events: int
    baseline_exposure: float
    reduction: float
    significance: float
    start_delay_days: int
    window_days: int
    test: str
    source: Source = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBaseline:
    """How the baseline of a plan was counted from the complaints on record, rather than said by somebody."""

    begins_at: datetime
    ends_at: datetime
    events: int
    exposure: float
    counted_at: datetime
    explanation: str


@dataclass(frozen=True, slots=True)
class Verification:
    """That the plan was carried out, what it did beside what was wanted, and that containment was taken away."""

    statement: str
    adverse_effects: bool
    adverse_effects_explanation: str
    containment_removed: str
    verified_by: str
    verified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a check of the effect said: events and exposure before and in the window, and the reviewer's explanation.

    `same_cause` are those events, of severity major or worse, that have the same verified cause. `p_value` is the probability
    of so few events or fewer without any change, None where it is not defined; `reckoning` tells the test step by step.
    """

    result: Result
    baseline_events: int
    baseline_exposure: float
    events: int
    exposure: float
    same_cause: int
    p_value: float | None
    reckoning: tuple[str, ...]
    explanation: str
    cycle: int
    reviewed_by: str
    reviewed_at: datetime
    source: Source = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What prevents it elsewhere: documents, FMEA, training, spread, risks and the quality system; and thanks to the team."""

    documents: str
    fmea: str
    training: str
    horizontal_spread: str
    risks_updated: str
    system_changes: str
    recognition: str


class Proposal(StrEnum):
    """What to do about trouble that came back after a case was closed."""

    REOPEN = "reopen"
    SUCCESSOR = "successor"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceFound:
    """That complaints show the trouble of a closed case again: by which signal, what it proposes, and what was decided.

    `cycle` is the round that had been closed; `led_to` is the case that was opened again or requested as the successor.
    """

    signal_id: UUID
    signal_number: str
    proposal: Proposal
    complaints: int
    first_at: datetime
    last_at: datetime
    explanation: str
    cycle: int
    found_at: datetime
    decision: Literal["confirmed", "dismissed"] | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    led_to: UUID | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why and since when a case waits, and what for it goes on in which state."""

    reason: str
    held_by: str
    held_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock that runs: who must act by when; `generation` rises with each deadline of the case."""

    clock: Clock
    owner: str | None
    team: str | None
    due: Due
    generation: int


Covers = Literal["plan", "effectiveness", "closure", "cancellation"]
"""Which part of a case a signature is bound to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signed which part and what that means; `state_hash` is the SHA-256 of the part as it was signed.

    `credential` tells by what the signer proved anew who signs. A signature is void from when its part changed.
    """

    id: UUID
    covers: Covers
    meaning: str
    signer: str
    printed_name: str
    credential: str
    signed_at: datetime
    cycle: int
    state_hash: str
    hash: str
    voided_at: datetime | None
