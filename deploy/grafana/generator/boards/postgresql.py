"""PostgreSQL, as the services see it and as postgres_exporter or CloudNativePG do."""

from typing import Final

from deploy.grafana.generator.model import Dashboard, JobVariable, Level, Panel, Query, Row
from deploy.grafana.generator.promql import exported, highest, lowest, of, rate, ratio, total

NO_EXPORTER: Final = "only where postgres_exporter runs, or CloudNativePG exports"
DATABASES: Final = 'datname=~"redress_.*"'
STATES: Final = 'state=~"active|idle.*"'


def _as_services_see_it() -> Row:
    return Row(
        "As the services see it",
        (
            Panel(
                title="Database reached",
                description="1 while the database answered a service's last check, else 0. Without it an API answers 503 and "
                "workers wait.",
                unit="bool_yes_no",
                queries=(Query(lowest(of("dependency_up", 'dependency="database"'), by="job"), "{{job}}"),),
                runbook="dependency-down",
            ),
            Panel(
                title="Oldest transaction",
                description="How long the transaction that is open longest in each service's database has been open. One that is "
                "held for long keeps dead rows from being removed and slows the search for due timers.",
                unit="s",
                queries=(Query(highest(of("database_oldest_transaction_age_seconds"), by="job"), "{{job}}"),),
                runbook="database-transaction-old",
                levels=(Level(60, "orange"), Level(300, "red")),
            ),
            Panel(
                title="Requests refused for the database's sake",
                description="Answers with status 503 per second: the database was away, or all connections were in use.",
                unit="reqps",
                queries=(
                    Query(
                        total(
                            rate(
                                "http_server_request_duration_seconds_count",
                                'http_response_status_code="503"',
                            ),
                            by="job",
                        ),
                        "{{job}}",
                    ),
                ),
                runbook="requests-failing",
            ),
        ),
    )


def _both(ours: str, legend: str, cnpg: str) -> tuple[Query, Query]:
    """Ask postgres_exporter and CloudNativePG; an installation has one of them."""
    return Query(ours, legend), Query(cnpg, legend)


def _cnpg(metric: str, *matchers: str) -> str:
    return exported(metric, *matchers, jobs="cnpg")


def _per_second(metric: str, by: str) -> str:
    select = _cnpg if metric.startswith("cnpg_") else exported
    return total(f"rate({select(metric, DATABASES)}[$__rate_interval])", by=by)


def _hits(prefix: str) -> str:
    hit = _per_second(f"{prefix}_blks_hit", "datname")
    return ratio(hit, f"({hit} + {_per_second(f'{prefix}_blks_read', 'datname')})")


def _as_exporters_see_it() -> Row:
    return Row(
        "As postgres_exporter or CloudNativePG sees it",
        (
            Panel(
                title="Server answers",
                description="1 while the exporter reaches its server, else 0.",
                unit="bool_yes_no",
                queries=_both(exported("pg_up"), "{{instance}}", _cnpg("cnpg_collector_up")),
                runbook="dependency-down",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Connections",
                description="Connections to our databases by state. Many that are idle in transaction say that a process hangs "
                "while it holds one.",
                unit="short",
                queries=_both(
                    total(exported("pg_stat_activity_count", DATABASES, STATES), by="datname, state"),
                    "{{datname}} {{state}}",
                    total(_cnpg("cnpg_backends_total", DATABASES, STATES), by="datname, state"),
                ),
                runbook="requests-failing",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Longest transaction",
                description="Longest transaction by database, as the server sees it.",
                unit="s",
                queries=_both(
                    highest(exported("pg_stat_activity_max_tx_duration", DATABASES), by="datname"),
                    "{{datname}}",
                    highest(_cnpg("cnpg_backends_max_tx_duration_seconds", DATABASES), by="datname"),
                ),
                runbook="database-transaction-old",
                levels=(Level(60, "orange"), Level(300, "red")),
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Transactions committed",
                description="Committed transactions per second, by database.",
                unit="cps",
                queries=_both(
                    _per_second("pg_stat_database_xact_commit", "datname"),
                    "{{datname}}",
                    _per_second("cnpg_pg_stat_database_xact_commit", "datname"),
                ),
                runbook="intake-latency-burn",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Transactions rolled back, and deadlocks",
                description="Rolled back transactions and deadlocks per second. Refused requests roll back too; deadlocks should "
                "not happen.",
                unit="cps",
                queries=(
                    *_both(
                        _per_second("pg_stat_database_xact_rollback", "datname"),
                        "{{datname}} rolled back",
                        _per_second("cnpg_pg_stat_database_xact_rollback", "datname"),
                    ),
                    *_both(
                        _per_second("pg_stat_database_deadlocks", "datname"),
                        "{{datname}} deadlocks",
                        _per_second("cnpg_pg_stat_database_deadlocks", "datname"),
                    ),
                ),
                runbook="requests-failing",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Blocks found in memory",
                description="Share of blocks that were read from PostgreSQL's own memory. Below about 99 % the server wants more.",
                unit="percentunit",
                queries=_both(_hits("pg_stat_database"), "{{datname}}", _hits("cnpg_pg_stat_database")),
                runbook="intake-latency-burn",
                may_be_empty=NO_EXPORTER,
            ),
            Panel(
                title="Size of the databases",
                description="Bytes on disk by database.",
                unit="bytes",
                queries=_both(
                    highest(exported("pg_database_size_bytes", DATABASES), by="datname"),
                    "{{datname}}",
                    highest(_cnpg("cnpg_pg_database_size_bytes", DATABASES), by="datname"),
                ),
                runbook="outbox-stale",
                may_be_empty=NO_EXPORTER,
            ),
        ),
    )


POSTGRESQL: Final = Dashboard(
    uid="redress-postgresql",
    title="Redress PostgreSQL",
    description="The services' databases.",
    folder="Redress-operations",
    variables=(
        JobVariable("build_info", everything="intake|capa|notifier"),
        JobVariable(
            "pg_up",
            name="exporter",
            label="postgres_exporter",
            description="Prometheus jobs of postgres_exporter.",
            may_be_empty=NO_EXPORTER,
        ),
        JobVariable(
            "cnpg_collector_up",
            name="cnpg",
            label="CloudNativePG",
            description="Prometheus jobs of CloudNativePG's own exporter.",
            may_be_empty=NO_EXPORTER,
        ),
    ),
    rows=(_as_services_see_it(), _as_exporters_see_it()),
)
