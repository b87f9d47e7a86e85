"""What waits to be announced, and how announcing goes."""

from deploy.grafana.generator.model import Level, Panel, Query, Row
from deploy.grafana.generator.promql import highest, of, per_hour, quantile, rate, total


def outbox() -> Row:
    """Give the row of a service's outbox and relay."""
    return Row(
        "Announcing events",
        (
            Panel(
                title="Events waiting in the outbox",
                description="Events that are committed and not yet announced. They are safe there; while Kafka is away the "
                "number rises, and falls when it is back.",
                unit="short",
                queries=(Query(highest(of("outbox_pending_messages"), by="job"), "{{job}}"),),
                runbook="outbox-stale",
            ),
            Panel(
                title="Age of the oldest waiting event",
                description="How long the event that waits longest has been waiting. Everything that depends on it, and "
                "every deadline, is that late.",
                unit="s",
                queries=(Query(highest(of("outbox_oldest_pending_age_seconds"), by="job"), "{{job}}"),),
                runbook="outbox-stale",
                levels=(Level(60, "orange"), Level(300, "red")),
            ),
            Panel(
                title="Events that the transport refuses",
                description="Held: keys, or whole topics, that wait until somebody puts right why the transport refuses them; "
                "others go on. Set aside: events that it will never take, since they are too large.",
                unit="short",
                queries=(
                    Query(highest(of("outbox_held"), by="job"), "held in {{job}}"),
                    Query(highest(of("outbox_set_aside_messages"), by="job"), "set aside in {{job}}"),
                ),
                runbook="outbox-held",
                levels=(Level(1, "red"),),
            ),
            Panel(
                title="Events announced",
                description="Events that the transport took, set aside or refused, per second. Set aside are those too large "
                "for ever.",
                unit="mps",
                queries=(Query(total(rate("outbox_published_total"), by="outcome"), "{{outcome}}"),),
                runbook="outbox-held",
            ),
            Panel(
                title="Time to announce a batch",
                description="From handing a batch to the transport to its answer, or its failure.",
                unit="s",
                queries=tuple(
                    Query(quantile(level, "outbox_publish_duration_seconds"), name)
                    for level, name in ((0.5, "half"), (0.99, "99 %"))
                ),
                runbook="outbox-stale",
                may_be_empty="no quantile exists while nothing is announced",
            ),
            Panel(
                title="Failed attempts to announce",
                description="Attempts that failed because the transport or the database was away, per hour. They are "
                "repeated without limit.",
                unit="short",
                queries=(Query(total(per_hour("outbox_publish_failures_total"), by="reason"), "{{reason}}"),),
                runbook="outbox-stale",
            ),
        ),
    )
