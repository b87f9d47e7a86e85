"""One event: a fact, and what is known about its telling."""

from typing import Annotated, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.types import Instant

TYPE_PATTERN = r"^redress\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$"


class Contract(BaseModel):
    """The data of one event type in one version; frozen once published."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    type: ClassVar[str]
    """`redress.<noun>.<past-tense verb>.v<major>`."""


class Part(BaseModel):
    """What each thing in a list of a contract has; frozen as the contracts that list it are, and built of the same types."""

    # Without it Pydantic would take what is in a list as checked, whoever made it.
    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="null", revalidate_instances="always"
    )

    noun: ClassVar[str]
    """Whose words in the glossary its fields have."""


ContractT_co = TypeVar("ContractT_co", bound=Contract, covariant=True)

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")]


class Event(BaseModel, Generic[ContractT_co]):
    """A complete fact, as a CloudEvent.

    `key` orders the telling: all events of one key arrive in order, and `sequence` counts them from 1 without gaps (the
    outbox assigns it). `version` is the state of the subject that the event speaks of. `occurred_at` is when it became
    true, `recorded_at` when the service wrote it down. `correlation_id` runs from the first complaint to the last
    closure, `causation_id` names the event that led to this one. `traceparent` and `tracestate` are where the trace of
    whoever handles it continues: the work that announced it, and in a handler the handling itself.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    source: Text
    key: Text
    subject: Text
    version: int = Field(ge=1)
    occurred_at: Instant
    recorded_at: Instant
    actor: Text
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    sequence: int | None = Field(default=None, ge=1)
    data: ContractT_co

    @property
    def type(self) -> str:
        """The event's CloudEvents type."""
        return self.data.type
