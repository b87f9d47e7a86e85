"""What is sent to plan how the effect of a case is judged, and to review it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, Field
from typing_extensions import override

from capa.api.case_bodies import StepIn
from capa.api.parts import EffectPlanPart, Part, SignatureIn, value_of
from capa.api.schemas import Words
from capa.domain.case import judging, planning
from capa.domain.case.command import Command
from capa.domain.case.signing import Pledge
from capa.domain.errors import PlanInvalid
from chassis.instants import Instant
from common.refusals import FieldError
from quality.indicators import Span


class EffectPlanIn(EffectPlanPart):
    """How the effect will be judged; without a baseline, where it shall be counted from the complaints on record."""

    # Narrower when read than when sent: a plan on record always has its baseline.
    baseline_events: int | None = Field(  # type: ignore[assignment]
        None, ge=0, le=10**9, description="How many there were before the work.", examples=[31]
    )
    baseline_exposure: float | None = Field(  # type: ignore[assignment]
        None, gt=0, le=1e15, description="In how much exposure.", examples=[9_500]
    )

    def require_baseline(self, *, counted: bool) -> None:
        """Refuse with PlanInvalid where the baseline is neither sent nor counted, or both."""
        for name in ("baseline_events", "baseline_exposure"):
            if (getattr(self, name) is None) is not counted:
                detail, fix = (
                    ("The baseline is counted.", "leave it out, or leave out the span `baseline`")
                    if counted
                    else (
                        "The baseline is missing.",
                        "send it, or name the span `baseline` to have it counted",
                    )
                )
                raise PlanInvalid(
                    f"{detail} {fix.capitalize()}.",
                    FieldError(f"/plan/{name}", PlanInvalid.code, detail, fix),
                )

    @override
    def value(self) -> Any:
        # What is counted takes the place of these.
        given = {name: value_of(getattr(self, name)) for name in type(self).model_fields}
        uncounted = {"baseline_events": 0, "baseline_exposure": 0.0}
        return self.makes(
            **{name: uncounted.get(name) if each is None else each for name, each in given.items()}
        )


BASELINE_SENT_OR_COUNTED: Final[Mapping[str, Any]] = {
    "oneOf": [
        {
            "properties": {
                "baseline": {"type": "null"},
                "plan": {
                    "properties": {
                        "baseline_events": {"type": "integer"},
                        "baseline_exposure": {"type": "number"},
                    },
                    "required": ["baseline_events", "baseline_exposure"],
                },
            }
        },
        {
            "properties": {
                "baseline": {"type": "object"},
                "plan": {
                    "properties": {
                        "baseline_events": {"type": "null"},
                        "baseline_exposure": {"type": "null"},
                        "source": {"const": "complaints"},
                        "exposure_unit": {"enum": ["days", "shipped", "sold", "in_use"]},
                    },
                    "required": ["source"],
                },
            },
            "required": ["baseline"],
        },
    ]
}
"""How a schema says that a plan's baseline is sent, or counted in a span."""


class SpanIn(Part):
    """From an instant until a later one."""

    makes: ClassVar[type[Any]] = Span

    begins_at: Instant = Field(description="The first instant.", examples=["2025-09-01T00:00:00Z"])
    ends_at: Instant = Field(description="The instant after the last one.", examples=["2026-03-01T00:00:00Z"])


class PlanEffectivenessIn(StepIn):
    """How the effect will be judged."""

    makes: ClassVar[type[Command]] = planning.PlanEffectiveness
    model_config = ConfigDict(
        json_schema_extra={
            **BASELINE_SENT_OR_COUNTED,
            "examples": [
                {
                    "plan": {
                        "metric": "complaints about wrong fees",
                        "source": "complaints",
                        "exposure_unit": "days",
                        "reduction": 0.5,
                        "window_days": 90,
                    },
                    "baseline": {"begins_at": "2025-09-01T00:00:00Z", "ends_at": "2026-03-01T00:00:00Z"},
                }
            ],
        }
    )

    plan: EffectPlanIn = Field(description="What is counted, how it was before, and what is aimed at.")
    baseline: SpanIn | None = Field(
        None,
        description="A span before the work in which complaints on record are counted, where the plan leaves its baseline out.",
    )

    @override
    def command(self, pledge: Pledge | None) -> Command:
        self.plan.require_baseline(counted=self.baseline is not None)
        return super().command(pledge)


class ReviewEffectivenessIn(StepIn):
    """What was counted in the window; the test that the plan fixed decides."""

    makes: ClassVar[type[Command]] = judging.ReviewEffectiveness

    events: int | None = Field(
        None,
        ge=0,
        le=10**9,
        description="How many events there were in the window; left out where the plan has complaints counted.",
        examples=[2],
    )
    exposure: float | None = Field(
        None,
        ge=0,
        le=1e15,
        description="In how much exposure; left out where the plan has complaints counted.",
        examples=[10_000],
    )
    same_cause: int = Field(
        0,
        ge=0,
        le=10**9,
        description="How many of them, of severity major or worse, have the same verified cause.",
    )
    explanation: Words = Field(
        description="What the reviewer says of the figures.",
        examples=["Counted from all letters of March to May."],
    )
    signature: SignatureIn = Field(description="The reviewer's signature: review.")
