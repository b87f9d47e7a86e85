"""What is read from other services, how late, and what could not be used."""

from deploy.grafana.generator.model import Level, Panel, Query, Row
from deploy.grafana.generator.promql import highest, of, quantile, rate, total


def consumers() -> Row:
    """Give the row of a service's consumer."""
    return Row(
        "Hearing events",
        (
            Panel(
                title="Age of events when they take effect",
                description="99 % of events were younger than this when their effect was committed, counted from when they "
                "were recorded: the delay that users notice between services.",
                unit="s",
                queries=(Query(quantile(0.99, "consumer_event_age_seconds", by="topic"), "{{topic}}"),),
                runbook="events-late",
                levels=(Level(60, "red"),),
                may_be_empty="no quantile exists while nothing is heard",
            ),
            Panel(
                title="Events not yet heard",
                description="Events that a group has still to take up, over all partitions. Watch whether it grows; a single "
                "number says little.",
                unit="short",
                queries=(
                    Query(
                        total(
                            highest(of("consumer_lag_messages"), by="group, topic, partition"),
                            by="group, topic",
                        ),
                        "{{group}} on {{topic}}",
                    ),
                ),
                runbook="consumer-stuck",
            ),
            Panel(
                title="Time since the last look for events",
                description="Every group looks at least every few seconds, also when there is nothing.",
                unit="s",
                queries=(
                    Query(
                        f"time() - {highest(of('consumer_last_poll_timestamp_seconds'), by='group')}",
                        "{{group}}",
                    ),
                ),
                runbook="consumer-not-polling",
                levels=(Level(60, "red"),),
            ),
            Panel(
                title="Events heard, by what became of them",
                description="Handled; duplicate, since delivery is at least once; ignored, since a newer version is known; "
                "unknown_type; parked behind a failure of the same key; dead.",
                unit="mps",
                queries=(
                    Query(
                        total(rate("messaging_client_consumed_messages_total"), by="outcome"), "{{outcome}}"
                    ),
                ),
                runbook="dead-letters-present",
            ),
            Panel(
                title="Time to handle an event",
                description="From taking up an event to the commit of its effect.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, "messaging_process_duration_seconds"), name)
                    for level, name in ((0.5, "half"), (0.99, "99 %"))
                ),
                runbook="events-late",
                may_be_empty="no quantile exists while nothing is heard",
            ),
            Panel(
                title="Events set aside",
                description="Parked events wait for an earlier one of the same key. Dead ones wait for a person: list them "
                "with `python -m <service> dead-letters list`.",
                unit="short",
                queries=(
                    Query(highest(of("consumer_parked_messages"), by="job, state"), "{{state}} in {{job}}"),
                ),
                runbook="dead-letters-present",
                levels=(Level(1, "red"),),
            ),
            Panel(
                title="Age of the oldest event set aside",
                description="How long the event that has been set aside longest has waited, for another try or for a person.",
                unit="s",
                queries=(
                    Query(
                        highest(of("consumer_oldest_parked_age_seconds"), by="job, state"),
                        "{{state}} in {{job}}",
                    ),
                ),
                runbook="parked-events-rising",
            ),
            Panel(
                title="New dead letters",
                description="Events per second that became dead letters, by why.",
                unit="mps",
                queries=(Query(total(rate("consumer_dead_letters_total"), by="reason"), "{{reason}}"),),
                runbook="dead-letters-present",
            ),
        ),
    )
