"""What the numbers say about the work: complaints, nonconformities and actions."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Level, Panel, Query, Row, Shape
from deploy.grafana.generator.promql import grown, highest, largest_first, of, quantile, ratio, total, within

IN_RANGE: Final = "Complaints that triage decided about in the time range, those of imported files too"
INDEX: Final = "README"
"""Late work is no fault of the system, so that it has no runbook of its own."""
AGES: Final = {
    "under_1d": "under 1 day",
    "1d_to_7d": "1 to 7 days",
    "7d_to_30d": "7 to 30 days",
    "30d_to_90d": "30 to 90 days",
    "over_90d": "over 90 days",
}


def _bars(
    title: str, description: str, query: str, legend: str, *, width: int = 8, why_empty: str = ""
) -> Panel:
    """Give bars in the order of their size."""
    return Panel(
        title=title,
        description=description,
        unit="short",
        decimals=0,
        queries=(Query(largest_first(query), legend),),
        runbook=INDEX,
        shape=Shape.BAR_GAUGE,
        width=width,
        colour="blue",
        may_be_empty=why_empty,
    )


def _counted(title: str, description: str, query: str, legend: str, *, width: int = 8) -> Panel:
    """Give bars of what happened in the time range, without what did not."""
    why = "nothing happened in the time range"
    return _bars(title, description, f"{query} > 0", legend, width=width, why_empty=why)


def _number(
    title: str, description: str, unit: str, query: str, *levels: Level, why_empty: str = ""
) -> Panel:
    """Give one number."""
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries=(Query(query),),
        runbook=INDEX,
        shape=Shape.STAT,
        width=4,
        height=5,
        colour="blue",
        levels=levels,
        may_be_empty=why_empty,
    )


def _of_instance(metric: str, *matchers: str, by: str = "") -> str:
    """Add up a gauge's parts within an instance, and take the highest of the instances."""
    parts = total(of(metric, *matchers), by=f"instance, {by}" if by else "instance")
    return highest(parts, by=by)


def _at_a_glance() -> Row:
    decisions = grown("triage_decisions_total")
    actions = "action_cycle_time_seconds_count"
    return Row(
        "At a glance",
        (
            _number("Complaints", f"{IN_RANGE}.", "short", total(decisions)),
            _number(
                "Open nonconformities",
                "Requirements not met whose nonconformity is open now.",
                "short",
                _of_instance("nonconformities_open"),
            ),
            _number(
                "Oldest open nonconformity",
                "How long ago the oldest nonconformity that is open now was raised.",
                "s",
                highest(of("nonconformity_oldest_open_age_seconds")),
            ),
            _number(
                "Open actions",
                "Actions that somebody has still to do.",
                "short",
                _of_instance("actions_open"),
            ),
            _number(
                "Actions overdue",
                "Open actions whose due instant has passed.",
                "short",
                _of_instance("actions_open", 'overdue="true"'),
                Level(1, "orange"),
            ),
            _number(
                "Actions done in time",
                "Share of the actions completed in the time range that were completed by their due instant.",
                "percentunit",
                ratio(total(grown(actions, 'punctuality="early"')), total(grown(actions))),
                why_empty="no share exists while no action is completed",
            ),
        ),
    )


def _complaints() -> Row:
    decisions = grown("triage_decisions_total")
    return Row(
        "Complaints",
        (
            _counted(
                "Pareto of products",
                f"{IN_RANGE}, by product, most first: where to begin. Products are told apart as far as the triage policy names "
                "them; the others are together.",
                total(decisions, by="product"),
                "{{product}}",
                width=12,
            ),
            _counted(
                "Severity and product",
                f"{IN_RANGE}, by severity and product, most first.",
                total(decisions, by="severity, product"),
                "{{severity}}: {{product}}",
                width=12,
            ),
            _counted(
                "Complaints by severity",
                f"{IN_RANGE}, by severity.",
                total(decisions, by="severity"),
                "{{severity}}",
            ),
            _counted(
                "Complaints by channel",
                "Complaints that came in one by one in the time range, by channel. Rows of files are left out.",
                total(grown("complaints_received_total", 'outcome="received"'), by="channel"),
                "{{channel}}",
            ),
            _counted(
                "Triage outcomes",
                f"{IN_RANGE}: raised opened a nonconformity, linked joined an open one, declined did neither.",
                total(decisions, by="outcome"),
                "{{outcome}}",
            ),
        ),
    )


def _speed() -> Row:
    nothing = "no share exists while nothing is decided"
    triage, cycle = "complaint_time_to_triage_seconds", "action_cycle_time_seconds"
    return Row(
        "How fast something is done",
        (
            Panel(
                title="Time to the first action",
                description="Half and 95 % of complaints that raised a nonconformity had their first action within this time "
                "after they reached the organisation.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, triage, 'outcome="raised"'), name)
                    for level, name in ((0.5, "half"), (0.95, "95 %"))
                ),
                runbook=INDEX,
                width=12,
                may_be_empty="no quantile exists while nothing is raised",
            ),
            Panel(
                title="First answer within a day",
                description="Share of the complaints of the time range that triage decided about within a day after they reached "
                "the organisation, by severity.",
                unit="percentunit",
                queries=(Query(within("86400", triage, by="severity"), "{{severity}}"),),
                runbook=INDEX,
                shape=Shape.STAT,
                width=6,
                colour="orange",
                levels=(Level(0.95, "green"),),
                may_be_empty=nothing,
            ),
            Panel(
                title="Time to complete an action",
                description="Half of the actions of the time range were completed within this time after they were given, by "
                "severity.",
                unit="s",
                queries=(
                    Query(
                        f"histogram_quantile(0.5, {total(grown(f'{cycle}_bucket'), by='le, severity')})",
                        "{{severity}}",
                    ),
                ),
                runbook=INDEX,
                shape=Shape.STAT,
                width=6,
                colour="blue",
                may_be_empty="no quantile exists while no action is completed",
            ),
        ),
    )


def _open_work() -> Row:
    late = 'overdue="true"'
    return Row(
        "What is open",
        (
            _bars(
                "Actions overdue by team",
                "Open actions whose due instant has passed, by team, most first. Teams are those that the triage policy names.",
                _of_instance("actions_open", late, by="team"),
                "{{team}}",
            ),
            Panel(
                title="Open nonconformities by age",
                description="Open nonconformities by how long ago they were raised.",
                unit="short",
                decimals=0,
                queries=tuple(
                    Query(_of_instance("nonconformities_open_by_age", f'age="{age}"'), words)
                    for age, words in AGES.items()
                ),
                runbook=INDEX,
                shape=Shape.BAR_GAUGE,
                colour="blue",
            ),
            _bars(
                "Open nonconformities by product",
                "Open nonconformities by product, most first.",
                _of_instance("nonconformities_open", by="product"),
                "{{product}}",
            ),
            Panel(
                title="Overdue by team, over time",
                description="Open actions whose due instant has passed, by team.",
                unit="short",
                queries=(Query(_of_instance("actions_open", late, by="team"), "{{team}}"),),
                runbook=INDEX,
                width=12,
                stacked=True,
            ),
            Panel(
                title="Open nonconformities by severity, over time",
                description="Open nonconformities by severity. A rise over weeks says that more is found than is solved.",
                unit="short",
                queries=(Query(_of_instance("nonconformities_open", by="severity"), "{{severity}}"),),
                runbook=INDEX,
                width=12,
                stacked=True,
            ),
        ),
    )


def _trends() -> Row:
    return Row(
        "Trends",
        (
            _number(
                "Signals to look at",
                "Trend signals that are raised and wait for somebody to confirm or dismiss them, at GET /v1/signals.",
                "short",
                _of_instance("signals_open", 'state="raised"'),
                Level(1, "orange"),
            ),
            _number(
                "Signals confirmed, not cleared",
                "Trends that are real and go on; their rules raise no second signal for the same product and category.",
                "short",
                _of_instance("signals_open", 'state="confirmed"'),
            ),
            _number(
                "Signals evaluated",
                "Time since signals were last evaluated; a worker does it every quarter of an hour.",
                "s",
                f"time() - {highest(of('signals_evaluated_timestamp_seconds'))}",
                Level(3_600, "orange"),
            ),
            _counted(
                "Signals raised by product",
                "Trend signals raised in the time range, by product, most first.",
                total(grown("signals_raised_total"), by="product"),
                "{{product}}",
                width=12,
            ),
        ),
    )


BUSINESS: Final = Dashboard(
    uid="redress-business",
    title="Redress complaints and actions",
    description="How many complaints of which kind come in, and whether something is done about them in time.",
    folder="Redress-business",
    variables=(JobVariable("build_info", everything="intake|capa|notifier"),),
    rows=(_at_a_glance(), _complaints(), _speed(), _open_work(), _trends()),
    since="now-30d",
    refresh="15m",
)
