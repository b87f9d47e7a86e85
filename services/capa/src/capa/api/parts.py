"""Parts of bodies and answers that cases and nonconformities share with what is read of them."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from capa.api.schemas import CodeText, Words
from capa.domain.case import values
from capa.domain.case.analysis import MOST_NODES, Category, Gate, Node
from capa.domain.disposition import Affected, Concession, DispositionKind, DispositionPart
from capa.domain.risk import Ratings
from chassis.instants import Instant

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]


def exact(places: int) -> Any:
    """Make the type of a decimal number that is written as text, since a JSON number is no exact one."""
    pattern = rf"^[0-9]{{1,11}}(\.[0-9]{{1,{places}}})?$"
    written = re.compile(pattern)

    def read(value: Any) -> Any:
        # What is read of a record is a Decimal already.
        if not isinstance(value, Decimal) and (not isinstance(value, str) or not written.match(value)):
            raise PydanticCustomError("decimal_text", 'is no number as a text, such as "12.5"')
        return value

    return Annotated[
        Decimal,
        BeforeValidator(read),
        WithJsonSchema({"type": "string", "pattern": pattern}, mode="validation"),
    ]


if TYPE_CHECKING:
    Quantity = Decimal
    Amount = Decimal
else:
    Quantity, Amount = exact(4), exact(2)
Rating = Annotated[int, Field(ge=1, le=10)]


class Part(BaseModel):
    """A value that is sent and read in one form; `makes` is what the rules know it as."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True, populate_by_name=True)

    makes: ClassVar[type[Any]]

    def value(self) -> Any:
        """Make what the rules know."""
        return self.makes(**{name: value_of(getattr(self, name)) for name in type(self).model_fields})


def value_of(given: Any) -> Any:
    """Make what the rules know of a field: parts as values, lists as tuples."""
    match given:
        case Part():
            return given.value()
        case list():
            return tuple(map(value_of, given))
        case _:
            return given


class SignatureIn(BaseModel):
    """A signature: the signer's printed name, and a credential by which they prove anew who they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    printed_name: Line = Field(
        description="The signer's name as it shall be printed.", examples=["Quinn Ash"]
    )
    credential: SecretStr = Field(
        description="The signer's own API key, given again, or an access token from a login of the last five minutes. It is "
        "checked and not kept.",
        examples=["redress_live_0123456789_secret"],
        max_length=20_000,
    )


class AffectedPart(Part):
    """A lot that is affected."""

    makes: ClassVar[type[Any]] = Affected

    lot: CodeText = Field(description="The lot or batch.", examples=["L-2026-014"])
    quantity: Quantity | None = Field(None, description="How much of it; null while nobody has counted.")
    unit: CodeText | None = Field(None, description="The unit of the quantity.", examples=["pcs"])


class ConcessionPart(Part):
    """The permission to use as is."""

    makes: ClassVar[type[Any]] = Concession

    authorised_by: CodeText = Field(description="Who authorised it.", examples=["quinn.ash"])
    reference: Line = Field(description="Under which reference.", examples=["CON-17"])
    valid_until: Instant | None = Field(None, description="Until when; null without a limit.")


class DispositionPartIn(Part):
    """What is done with one lot or part of it."""

    makes: ClassVar[type[Any]] = DispositionPart

    kind: DispositionKind = Field(
        description="What is done; not_applicable where nothing physical is affected."
    )
    lot: CodeText | None = Field(None, description="The affected lot; null for all that is affected.")
    quantity: Quantity | None = Field(None, description="How much of the lot; null for all of it.")


class MemberPart(Part):
    """Somebody of the team."""

    makes: ClassVar[type[Any]] = values.Member

    person: CodeText = Field(description="Who.", examples=["anna.berg"])
    role: Line = Field(description="What for.", examples=["process engineer"])


class RatingsPart(Part):
    """Three ratings of an FMEA, each from 1 to 10."""

    makes: ClassVar[type[Any]] = Ratings

    severity: Rating = Field(description="How bad the effect is.")
    occurrence: Rating = Field(description="How often the cause is to be expected.")
    detection: Rating = Field(description="How likely it escapes the checks.")


class IsIsNotPart(Part):
    """One line of the comparison of what is and what is not affected."""

    makes: ClassVar[type[Any]] = values.IsIsNot

    aspect: Line = Field(description="What is compared.", examples=["where"])
    is_: Words = Field(description="What is affected.", alias="is", examples=["plant 2"])
    is_not: Words = Field(description="What could be and is not.", examples=["plant 1, same tools"])
    distinction: Words = Field(
        description="What that tells.", examples=["plant 2 changed the supplier in May"]
    )


class ProblemPart(Part):
    """The problem statement: a sentence, the seven questions (5W2H), and is / is not."""

    makes: ClassVar[type[Any]] = values.Problem

    statement: Words = Field(
        description="The problem in a sentence.", examples=["Letters state a fee that was not agreed."]
    )
    what: Words = Field("", description="What went wrong, with what.")
    where: Words = Field("", description="Where, in the world and on the thing.")
    when: Words = Field("", description="When first, when again, when in its life.")
    who: Words = Field("", description="Who is affected, and who noticed.")
    why: Words = Field("", description="Why it is a problem: the requirement that is not met.")
    how: Words = Field("", description="How it shows.")
    how_many: Words = Field("", description="How many are affected, and how often.")
    comparison: list[IsIsNotPart] = Field([], description="What is and is not affected.", max_length=50)


class NodePart(Part):
    """One box of an analysis; parents stand before their children."""

    makes: ClassVar[type[Any]] = Node

    key: Key = Field(description="Names it within the analysis.", examples=["1.1"])
    parent: Key | None = Field(None, description="The key of the box that it explains.")
    text: Words = Field(description="What it says.", examples=["The fee table was not reviewed."])
    category: Category | None = Field(
        None, description="The branch of an Ishikawa diagram, on the first box of each branch."
    )
    gate: Gate | None = Field(None, description="In a fault tree, how the children lead to the box.")


Nodes = Annotated[list[NodePart], Field(min_length=1, max_length=MOST_NODES)]


class LinkPart(Part):
    """Another record."""

    makes: ClassVar[type[Any]] = values.RecordLink

    kind: Literal["nonconformity", "case"] = Field(description="What it is.")
    id: UUID = Field(description="Its identifier.")


class EffectPlanPart(Part):
    """How the effect will be judged."""

    makes: ClassVar[type[Any]] = values.EffectPlan

    metric: Line = Field(description="What is counted.", examples=["complaints about wrong fees"])
    exposure_unit: Line = Field(description="What it is counted against.", examples=["letters sent"])
    baseline_events: int = Field(ge=0, le=10**9, description="How many there were before the work.")
    baseline_exposure: float = Field(gt=0, le=1e15, description="In how much exposure.")
    reduction: float = Field(
        gt=0, lt=1, description="The relative reduction that is aimed at.", examples=[0.5]
    )
    significance: float = Field(0.05, gt=0, lt=0.5, description="The level of significance of the test.")
    start_delay_days: int = Field(
        0, ge=0, le=1_095, description="Days after the verification until counting begins."
    )
    window_days: int = Field(ge=1, le=1_095, description="How many days are counted.", examples=[90])
    source: values.Source = Field(
        "reported",
        description="Where the counts of the window come from: `reported` by whoever reviews, or `complaints` on record of the "
        "case's product and category; then `exposure_unit` is days, shipped, sold or in_use.",
    )
    test: Literal["poisson_exact"] = Field(
        "poisson_exact", description="The test: exact and conditional, for counts of events in exposure."
    )


class LessonsPart(Part):
    """What prevents it elsewhere; each answered, if only by why nothing is needed."""

    makes: ClassVar[type[Any]] = values.Lessons

    documents: Words = Field(description="Which documents were changed.")
    fmea: Words = Field(description="What was changed in the FMEA.")
    training: Words = Field(description="Who was trained in what.")
    horizontal_spread: Words = Field(description="Where else it was carried over.")
    risks_updated: Words = Field(description="Which risks and opportunities were judged anew.")
    system_changes: Words = Field(description="What was changed in the quality management system.")
    recognition: Words = Field(description="How the team was thanked.")
