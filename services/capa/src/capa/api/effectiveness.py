"""Whether what was done was effective, from the complaint stream."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from capa.api.desk import Desk
from capa.api.indicators import From, Reader, To
from capa.api.schemas import CodeText
from capa.domain.signals.exposure import Unit
from capa.usecases.assess_effectiveness import Question
from capa.usecases.indicators import span_of
from chassis.instants import Instant
from quality.effectiveness import Effectiveness, Result

TAG = "Indicators"


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class StepOut(_Out):
    """One step of the explanation."""

    code: str = Field(description="A stable code.", examples=["exact_test"])
    text: str = Field(description="What was found, in a sentence.")
    values: dict[str, float | int | None] = Field(description="The numbers in it.")


class EffectivenessOut(_Out):
    """What the complaints say, with the numbers and how it came about."""

    result: Result = Field(description="effective, ineffective, or inconclusive where it cannot be said.")
    reason: str = Field(description="The code of the step that decided.", examples=["reduction_shown"])
    rate_before: float = Field(description="Complaints for each unit of exposure in the baseline.")
    rate_after: float | None = Field(description="The same in the window; null without exposure.")
    ratio: float | None = Field(description="The rate afterwards over that before.")
    ratio_low: float | None = Field(
        description="Its exact interval's lower bound, at confidence 1 - 2 alpha."
    )
    ratio_high: float | None = Field(description="Its upper bound; null where there is none.")
    p_value: float | None = Field(
        description="How probable so few complaints or fewer would be without any change."
    )
    refuting: float | None = Field(
        description="How probable so many complaints or more would be if the rate had fallen as promised."
    )
    zero_bound: float | None = Field(
        description="The greatest rate that no complaint at all leaves possible."
    )
    least_exposure: float | None = Field(
        description="The exposure that a window needs before anything can be shown."
    )
    steps: list[StepOut] = Field(description="The explanation, step by step.")

    @classmethod
    def of(cls, value: Effectiveness) -> "EffectivenessOut":
        """Shape a decision."""
        return cls(
            result=value.result,
            reason=value.reason,
            rate_before=value.rate_before,
            rate_after=value.rate_after,
            ratio=value.ratio,
            ratio_low=value.ratio_low,
            ratio_high=value.ratio_high,
            p_value=value.p_value,
            refuting=value.refuting,
            zero_bound=value.zero_bound,
            least_exposure=value.least_exposure,
            steps=[StepOut(code=each.code, text=each.text, values=dict(each.values)) for each in value.steps],
        )


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/effectiveness", tags=[TAG])

    @router.get("", summary="Assess effectiveness from complaints")
    async def assess_effectiveness(
        *,
        _: Reader,
        product: Annotated[CodeText, Query(description="The product whose complaints are compared.")],
        category: Annotated[
            CodeText | None, Query(description="The category; left out, all of them.")
        ] = None,
        site: Annotated[
            CodeText | None, Query(description="The site; left out, all of them and none.")
        ] = None,
        baseline_from: Annotated[Instant, Query(description="The begin of the baseline, included.")],
        baseline_to: Annotated[Instant, Query(description="The end of the baseline, not included.")],
        begins_at: From,
        ends_at: To,
        unit: Annotated[
            Unit | None, Query(description="The kind of units to count against; left out, days.")
        ] = None,
        reduction: Annotated[
            float, Query(gt=0, lt=1, description="The share by which the rate was to fall.")
        ] = 0.5,
        alpha: Annotated[
            float,
            Query(ge=1e-6, le=0.25, description="At most so probable may chance be as the explanation."),
        ] = 0.05,
        same_cause: Annotated[
            int,
            Query(
                ge=0,
                le=1_000_000,
                description="Complaints of the window, major or worse, that are known to have the cause that was to be "
                "removed; one is enough to be ineffective.",
            ),
        ] = 0,
    ) -> EffectivenessOut:
        """Compare complaints before and after an action by the exact conditional Poisson test, and explain the result."""
        question = Question(
            product=product,
            category=category,
            site=site,
            baseline=span_of(baseline_from, baseline_to),
            window=span_of(begins_at, ends_at),
            unit=unit,
            reduction=reduction,
            alpha=alpha,
            same_cause=same_cause,
        )
        return EffectivenessOut.of(await desk.assess(question))

    return router
