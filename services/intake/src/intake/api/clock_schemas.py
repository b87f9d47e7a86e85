"""What is answered of the clocks of a complaint."""

from datetime import datetime
from typing import Any

from pydantic import Field

from intake.api.answer import Answer
from intake.domain.clocks.clock import ClockState
from intake.domain.clocks.rule import Kind


class ClockOut(Answer):
    """One clock of a complaint: what must be done by when, or what came of it."""

    name: str = Field(description="Its name in the profile.", examples=["acknowledge"])
    kind: Kind = Field(description="What it is for.")
    title: str = Field(description="What is to be done.", examples=["Acknowledge"])
    source: str = Field(description="The law, standard or promise that the limit comes from.")
    state: ClockState = Field(
        description="running; paused while the customer is waited for; met; missed: done late, or stopped when it was late "
        "already; voided: nothing has to be done any more."
    )
    overdue: bool = Field(description="Whether it runs although its due instant has passed.")
    run: int = Field(description="Rises when the complaint is taken up again; verdicts of earlier runs stay.")
    generation: int = Field(
        description="Rises whenever due instant, calendar, ladder, owner or severity change."
    )
    begun_by: str = Field(description="What it is counted from.", examples=["received"])
    started_at: datetime = Field(description="When that was.")
    due_at: datetime = Field(
        description="By when. While it is paused, the due instant that this pause does not count towards yet."
    )
    original_due_at: datetime = Field(description="The due instant that it had first.")
    paused_at: datetime | None = Field(description="Since when it is paused.")
    held_seconds: float = Field(description="How long it was paused in all, until it ran on.")
    ended_at: datetime | None = Field(description="When it was met, missed or voided.")
    ended_by: str | None = Field(description="What met or stopped it.", examples=["acknowledged"])
    by_seconds: float | None = Field(
        description="How far from its due instant it ended: before it where it was met, after it where missed."
    )
    warned_at: datetime | None = Field(
        description="When the owner was first reminded before the due instant."
    )
    breached_at: datetime | None = Field(description="When notifier saw that the due instant had passed.")
    extended_at: datetime | None = Field(
        description="When it was given more time, such as by a holding reply; `explanation` says how much."
    )
    promised_at: datetime | None = Field(description="By when the customer was promised an answer then.")
    owner: str | None = Field(description="Who is told about it.", examples=["credit.team"])
    team: str | None = Field(description="The owner's team.")
    ladder: str | None = Field(description="The escalation ladder; null for the default one.")
    calendar: str = Field(description="Calendar and version that it is counted in.", examples=["default:1"])
    policy_version: str = Field(description="Profile and version that it follows.", examples=["generic:1"])
    explanation: dict[str, Any] | None = Field(
        None,
        description="How the due instant came about: the rule and each interval counted. Left out in lists.",
    )


class NextClockOut(Answer):
    """The clock that runs and is due first."""

    name: str = Field(description="Its name in the profile.", examples=["acknowledge"])
    kind: Kind = Field(description="What it is for.")
    due_at: datetime = Field(description="By when.")
    overdue: bool = Field(description="Whether that has passed.")


class ClocksOut(Answer):
    """Every clock of a complaint, of all its runs: first what is open, then the latest that ended."""

    items: list[ClockOut] = Field(description="The clocks.")
    next: NextClockOut | None = Field(description="The one that runs and is due first.")
    historical: bool = Field(
        description="Whether the complaint was only put on record, so that no clock was started and nobody is told."
    )
