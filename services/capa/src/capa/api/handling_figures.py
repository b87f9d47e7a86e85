"""How the figures of handling, cases and escalation are told."""

from pydantic import Field

from capa.api.figure_schemas import DurationsOut, FigureOut, ShareOut
from quality.cases import CaseFigures
from quality.escalation import LevelFigures
from quality.handling import HandlingFigures


class HandlingFiguresOut(FigureOut):
    """Of how complaints are handled. What happened after the end of the span is not looked at."""

    time_to_acknowledge: DurationsOut = Field(
        description="From receipt to the first acknowledgement or, where that came first, the answer, of complaints whose first one came in the span; duplicates count each."
    )
    acknowledged_on_time: ShareOut = Field(
        description="Acknowledged by the present due instant, of acknowledgements due in the span by it; late open ones are misses."
    )
    acknowledged_on_time_original: ShareOut = Field(
        description="The same by the due instants that were set first."
    )
    unacknowledged_late: ShareOut = Field(
        description="Past their due instant, of acknowledgements that were owed at the end of the span."
    )
    time_to_respond: DurationsOut = Field(
        description="From receipt to the first answer, of complaints first answered in the span."
    )
    responded_on_time: ShareOut = Field(
        description="Answered by the present due instant, of answers due in the span by it; each run and each clock counts."
    )
    responded_on_time_original: ShareOut = Field(
        description="The same by the due instants that were set first, which no hold moves."
    )
    time_to_close: DurationsOut = Field(
        description="From receipt to the last closing, of complaints closed in the span and not reopened by its end."
    )
    time_to_first_close: DurationsOut = Field(
        description="From receipt to the first closing, of complaints first closed in the span."
    )
    working_time_to_close: DurationsOut = Field(
        description="Working time from receipt to the last closing, without what was waited for the customer or ended, of the same complaints as `time_to_close`."
    )
    closed_on_time: ShareOut = Field(
        description="Closed by the due instant of the answer, of complaints whose answer was due in the span."
    )
    closed_on_time_original: ShareOut = Field(description="The same by the due instants that were set first.")
    closings_on_time: ShareOut = Field(
        description="Closed by the due instant of the answer, of complaints closed in the span that have one."
    )
    closed: int = Field(description="Complaints closed in the span and not reopened by its end.")
    reopened: int = Field(description="How often a complaint was taken up again in the span.")
    reopened_after_closing: ShareOut = Field(
        description="Reopened within 90 days, of closings whose 90 days ended in the span."
    )
    closed_without_investigation: ShareOut = Field(
        description="Whose last answer was not investigated, of complaints closed in the span; duplicates are left out."
    )
    led_to_case: ShareOut = Field(
        description="Covered by an accepted corrective-action case, of complaints first assessed in the span."
    )
    backlog: int = Field(description="Complaints open at the end of the span.")
    backlog_change: int = Field(description="The same less those open at its begin.")
    backlog_by_age: dict[str, int] = Field(description="The open ones by how long ago they were received.")
    overdue: ShareOut = Field(
        description="Past their due instant, of answers that were owed at the end of the span."
    )
    overdue_by_age: dict[str, int] = Field(description="The overdue ones by how long they are.")

    @classmethod
    def of(cls, value: HandlingFigures) -> "HandlingFiguresOut":
        """Shape figures."""
        return cls(
            time_to_acknowledge=DurationsOut.of(value.time_to_acknowledge),
            acknowledged_on_time=ShareOut.of(value.acknowledged_on_time),
            acknowledged_on_time_original=ShareOut.of(value.acknowledged_on_time_original),
            unacknowledged_late=ShareOut.of(value.unacknowledged_late),
            time_to_respond=DurationsOut.of(value.time_to_respond),
            responded_on_time=ShareOut.of(value.responded_on_time),
            responded_on_time_original=ShareOut.of(value.responded_on_time_original),
            time_to_close=DurationsOut.of(value.time_to_close),
            time_to_first_close=DurationsOut.of(value.time_to_first_close),
            working_time_to_close=DurationsOut.of(value.working_time_to_close),
            closed_on_time=ShareOut.of(value.closed_on_time),
            closed_on_time_original=ShareOut.of(value.closed_on_time_original),
            closings_on_time=ShareOut.of(value.closings_on_time),
            closed=value.closed,
            reopened=value.reopened,
            reopened_after_closing=ShareOut.of(value.reopened_after_closing),
            closed_without_investigation=ShareOut.of(value.closed_without_investigation),
            led_to_case=ShareOut.of(value.led_to_case),
            backlog=value.backlog,
            backlog_change=value.backlog_change,
            backlog_by_age=dict(value.backlog_by_age),
            overdue=ShareOut.of(value.overdue),
            overdue_by_age=dict(value.overdue_by_age),
        )


class CaseFiguresOut(FigureOut):
    """Of corrective-action cases. What was given up before it fell due fell due for nobody."""

    requested: int = Field(description="Requested in the span.")
    accepted: int = Field(description="Accepted in the span.")
    closed: int = Field(description="Closed in the span and not reopened by its end.")
    cycle_time: DurationsOut = Field(
        description="From acceptance to the last closing, of cases closed in the span."
    )
    time_in_stage: dict[str, DurationsOut] = Field(
        description="How long those cases were in each stage, over those that were in it at all."
    )
    on_time: ShareOut = Field(
        description="Rounds of work verified by the due instant that they had last, of rounds due in the span by it."
    )
    on_time_original: ShareOut = Field(
        description="Cases whose first round was verified by the due instant set first, of those due in the span by it."
    )
    extended: ShareOut = Field(
        description="With an extension that was granted, of cases first due in the span."
    )
    overdue: ShareOut = Field(
        description="Past their due instant, of cases whose work was still to be done at the end of the span."
    )
    overdue_by_age: dict[str, int] = Field(description="The overdue ones by how long they are.")
    backlog: int = Field(
        description="Cases open at the end of the span, requests that wait for their screening too."
    )
    backlog_change: int = Field(description="The same less those open at its begin.")
    effective: ShareOut = Field(description="Effective, of the checks completed in the span.")
    ineffective: int = Field(description="Checks completed in the span that were ineffective.")
    inconclusive: int = Field(description="Checks completed in the span that were inconclusive.")
    effective_at_first: ShareOut = Field(
        description="Effective at the first check, of cases whose first check was completed in the span."
    )
    recurred: ShareOut = Field(
        description="After which the same trouble was seen again within 12 months, of closings whose 12 months ended in the span."
    )
    causes_confirmed: ShareOut = Field(
        description="Confirmed by their test, which each has once, of causes tested in the span."
    )

    @classmethod
    def of(cls, value: CaseFigures) -> "CaseFiguresOut":
        """Shape figures."""
        return cls(
            requested=value.requested,
            accepted=value.accepted,
            closed=value.closed,
            cycle_time=DurationsOut.of(value.cycle_time),
            time_in_stage={stage: DurationsOut.of(each) for stage, each in value.time_in_stage},
            on_time=ShareOut.of(value.on_time),
            on_time_original=ShareOut.of(value.on_time_original),
            extended=ShareOut.of(value.extended),
            overdue=ShareOut.of(value.overdue),
            overdue_by_age=dict(value.overdue_by_age),
            backlog=value.backlog,
            backlog_change=value.backlog_change,
            effective=ShareOut.of(value.effective),
            ineffective=value.ineffective,
            inconclusive=value.inconclusive,
            effective_at_first=ShareOut.of(value.effective_at_first),
            recurred=ShareOut.of(value.recurred),
            causes_confirmed=ShareOut.of(value.causes_confirmed),
        )


class LevelFiguresOut(FigureOut):
    """Of one level of the escalation: from the first notice about an action to its completion."""

    told: int = Field(description="Actions of which somebody was first told at this level in the span.")
    time_to_done: DurationsOut = Field(
        description="From that notice to the completion, of actions completed in the span."
    )
    done_in_time: ShareOut = Field(
        description="Completed within two working days of that notice, of notices whose two days ended in the span."
    )

    @classmethod
    def of(cls, value: LevelFigures) -> "LevelFiguresOut":
        """Shape figures."""
        return cls(
            told=value.told,
            time_to_done=DurationsOut.of(value.time_to_done),
            done_in_time=ShareOut.of(value.done_in_time),
        )
