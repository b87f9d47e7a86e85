"""Says from the complaint stream whether what was done was effective: complaints before and after, against exposure."""

from dataclasses import dataclass

from capa.domain.errors import ExposureMissing, SpanInvalid
from capa.domain.signals.exposure import Unit
from capa.usecases.complaint_ledger import ComplaintLedger
from common.clock import Clock
from common.refusals import FieldError
from quality.effectiveness import Effectiveness, Observed, Plan, decide
from quality.indicators import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is compared: complaints of a product, and of a category and site where named, before and in a window.

    They count against units of a kind, or against days where none is named. `same_cause` are the window's complaints of
    severity major or worse that are known to have the cause that was to be removed.
    """

    product: str
    category: str | None
    baseline: Span
    window: Span
    unit: Unit | None
    reduction: float
    alpha: float
    same_cause: int = 0
    site: str | None = None


@dataclass(frozen=True, slots=True)
class AssessEffectiveness:
    """Counts from the records as they stand, and decides by the exact test; nothing is written."""

    ledger: ComplaintLedger
    clock: Clock

    async def __call__(self, question: Question) -> Effectiveness:
        """Decide; refuses a window that is not over, and a baseline without exposure."""
        self._check(question)
        before = await self._exposure(question, question.baseline)
        if not before:
            raise ExposureMissing(
                f"Not every day from {question.baseline.begins_at:%Y-%m-%d} to {question.baseline.ends_at:%Y-%m-%d} has "
                f"units ({question.unit}) of {question.product} on record: report them, or leave the unit out to count days."
            )
        plan = Plan(
            baseline=await self._count(question, question.baseline),
            baseline_exposure=before,
            reduction=question.reduction,
            alpha=question.alpha,
        )
        observed = Observed(
            count=await self._count(question, question.window),
            exposure=await self._exposure(question, question.window),
            same_cause=question.same_cause,
        )
        return decide(plan, observed)

    def _check(self, question: Question) -> None:
        if question.window.begins_at < question.baseline.ends_at:
            raise _refused("from", "The window begins before the baseline ends.", "Send a later `from`.")
        if question.window.ends_at > self.clock():
            raise _refused("to", "The window is not over yet.", "Send a `to` that has passed, or wait.")

    async def _count(self, question: Question, span: Span) -> int:
        return await self.ledger.count(question.product, question.category, span, question.site)

    async def _exposure(self, question: Question, span: Span) -> float:
        return await self.ledger.exposure(question.product, question.unit, span, question.site)


def _refused(parameter: str, detail: str, fix: str) -> SpanInvalid:
    return SpanInvalid(f"{detail} {fix}", FieldError(parameter, SpanInvalid.code, detail, fix))
