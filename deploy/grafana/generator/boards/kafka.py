"""Kafka, as the services see it and as the Kafka exporter does."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Level, Panel, Query, Row
from deploy.grafana.generator.promql import exported, highest, lowest, of, per_hour, quantile, rate, total

NO_EXPORTER: Final = "only where a Kafka exporter runs beside the brokers"
TOPICS: Final = 'topic=~"redress.*"'


def _as_services_see_it() -> Row:
    return Row(
        "As the services see it (also on the embedded log)",
        (
            Panel(
                title="Transport reached",
                description="1 while the transport answered a service's last check, else 0. Services work on without it: what "
                "they announce waits in their outboxes.",
                unit="bool_yes_no",
                queries=(Query(lowest(of("dependency_up", 'dependency="transport"'), by="job"), "{{job}}"),),
                runbook="dependency-down",
            ),
            Panel(
                title="Time to announce a batch",
                description="99 % of batches were answered within this time.",
                unit="s",
                queries=(Query(quantile(0.99, "outbox_publish_duration_seconds", by="job"), "{{job}}"),),
                runbook="outbox-stale",
                may_be_empty="no quantile exists while nothing is announced",
            ),
            Panel(
                title="Failed attempts to announce",
                description="Attempts per hour that failed because the transport or the database was away.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("outbox_publish_failures_total"), by="job, reason"),
                        "{{job}}: {{reason}}",
                    ),
                ),
                runbook="outbox-stale",
            ),
            Panel(
                title="Events announced, by topic",
                description="Events that the transport took, per second. Topics that end in `.dead` hold dead letters.",
                unit="mps",
                queries=(
                    Query(
                        total(rate("outbox_published_total", 'outcome="published"'), by="topic"), "{{topic}}"
                    ),
                ),
                runbook="dead-letters-present",
            ),
            Panel(
                title="Partitions given out anew",
                description="Times per hour that a member of a group got other partitions. Each stops the group for a moment; "
                "outside of rollouts there should be none. The embedded log has none ever.",
                unit="short",
                queries=(Query(total(per_hour("consumer_rebalances_total"), by="group"), "{{group}}"),),
                runbook="consumer-not-polling",
            ),
            Panel(
                title="Events not yet heard, by partition",
                description="The partitions with the most events that a group has still to take up. One that alone keeps "
                "growing is stuck.",
                unit="short",
                queries=(
                    Query(
                        f"topk(10, {highest(of('consumer_lag_messages'), by='group, topic, partition')})",
                        "{{group}} on {{topic}} {{partition}}",
                    ),
                ),
                runbook="consumer-stuck",
            ),
        ),
    )


def _as_the_exporter_sees_it() -> Row:
    return Row(
        "As the Kafka exporter sees it",
        (
            Panel(
                title="Brokers",
                description="Brokers that the exporter knows.",
                unit="short",
                queries=(Query(highest(exported("kafka_brokers")), "brokers"),),
                runbook="dependency-down",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Partitions with too few replicas in sync",
                description="Partitions of our topics that a broker's loss could now cost. Normal for minutes while a broker "
                "restarts.",
                unit="short",
                queries=(
                    Query(
                        total(
                            exported("kafka_topic_partition_under_replicated_partition", TOPICS), by="topic"
                        ),
                        "{{topic}}",
                    ),
                ),
                runbook="dependency-down",
                levels=(Level(1, "red"),),
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Events written",
                description="Events that the brokers took per second, whoever sent them.",
                unit="mps",
                queries=(
                    Query(
                        total(
                            f"rate({exported('kafka_topic_partition_current_offset', TOPICS)}[$__rate_interval])",
                            by="topic",
                        ),
                        "{{topic}}",
                    ),
                ),
                runbook="consumer-stuck",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Events not yet read, by group",
                description="What the brokers say of each group. It may differ from the services' own figure for a moment: they "
                "count from what they committed.",
                unit="short",
                queries=(
                    Query(
                        total(exported("kafka_consumergroup_lag", TOPICS), by="consumergroup, topic"),
                        "{{consumergroup}} on {{topic}}",
                    ),
                ),
                runbook="consumer-stuck",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Members of the groups",
                description="Consumers that belong to each group now. 0 says that a service's workers are all away.",
                unit="short",
                queries=(
                    Query(
                        highest(exported("kafka_consumergroup_members"), by="consumergroup"),
                        "{{consumergroup}}",
                    ),
                ),
                runbook="consumer-not-polling",
                may_be_empty=NO_EXPORTER,
            ),
        ),
    )


KAFKA: Final = Dashboard(
    uid="redress-kafka",
    title="Redress Kafka",
    description="What carries events between the services.",
    folder="Redress-operations",
    variables=(
        JobVariable("build_info", everything="intake|capa|notifier"),
        JobVariable(
            "kafka_brokers",
            name="exporter",
            label="Kafka exporter",
            description="Prometheus jobs of Kafka exporters, Strimzi's among them.",
            may_be_empty=NO_EXPORTER,
        ),
    ),
    rows=(_as_services_see_it(), _as_the_exporter_sees_it()),
)
