"""How the processes are: what runs, what they use, and what they reach."""

from typing import Final

from deploy.grafana.generator.model import Level, Panel, Query, Row, Shape
from deploy.grafana.generator.promql import highest, lowest, of, per_hour, rate, total

IN_USE: Final = 'state="in_use"'


def process() -> Row:
    """Give the row of a service's processes."""
    return Row(
        "Processes",
        (
            Panel(
                title="What runs",
                description="Version and commit of each process. Two versions at once are normal only during a rollout.",
                unit="none",
                queries=(Query(total(of("build_info"), by="job, instance, service, version, commit")),),
                runbook="crash-looping",
                shape=Shape.TABLE,
            ),
            Panel(
                title="Dependencies",
                description="1 while the database and the transport answered their last check, else 0.",
                unit="bool_yes_no",
                queries=(
                    Query(lowest(of("dependency_up"), by="job, dependency"), "{{dependency}} of {{job}}"),
                ),
                runbook="dependency-down",
            ),
            Panel(
                title="Silence of the loops",
                description="Time since the last sign of life of each loop of the process. Past its bound the process stops "
                "being live and is started again.",
                unit="s",
                queries=(Query(highest(of("loop_silence_seconds"), by="job, loop"), "{{loop}} of {{job}}"),),
                runbook="loop-silent",
            ),
            Panel(
                title="Loops started again",
                description="Times per hour that a loop failed and was started again; its log line has the reason.",
                unit="short",
                queries=(
                    Query(total(per_hour("loop_restarts_total"), by="job, loop"), "{{loop}} of {{job}}"),
                ),
                runbook="loop-restarting",
                levels=(Level(1, "orange"),),
            ),
            Panel(
                title="Age of the gauges",
                description="Time since each group of gauges was last brought up to date from the database. Until then their "
                "last values stand, and panels about them show the past.",
                unit="s",
                queries=(
                    Query(
                        f"time() - {highest(of('gauges_last_success_timestamp_seconds'), by='job, about')}",
                        "{{about}} of {{job}}",
                    ),
                ),
                runbook="gauges-stale",
                levels=(Level(300, "red"),),
            ),
            Panel(
                title="Database connections in use",
                description="Share of each pool's connections that are in use, of the instance that uses most. At 1, whoever "
                "wants one more waits, and is then answered 503.",
                unit="percentunit",
                queries=(
                    Query(
                        highest(
                            f"{of('database_pool_connections', IN_USE)} / ignoring(state) {of('database_pool_size')}",
                            by="job, pool",
                        ),
                        "{{pool}} of {{job}}",
                    ),
                ),
                runbook="database-pool-exhausted",
                levels=(Level(0.8, "orange"), Level(1, "red")),
            ),
            Panel(
                title="Spans of traces",
                description="Spans per hour, by what became of them: exported, failed because the collector was away, or "
                "dropped because the queue was full. All stand at 0 while tracing is off. Lost spans harm nobody's work.",
                unit="short",
                queries=(
                    Query(
                        total(per_hour("tracing_spans_total"), by="job, outcome"), "{{outcome}} of {{job}}"
                    ),
                ),
                runbook="dependency-down",
            ),
            Panel(
                title="Processor time",
                description="Cores in use by each process. A process uses one at most.",
                unit="none",
                queries=(Query(rate("process_cpu_seconds_total"), "{{instance}} of {{job}}"),),
                runbook="intake-latency-burn",
                decimals=2,
            ),
            Panel(
                title="Memory",
                description="Resident memory of each process.",
                unit="bytes",
                queries=(Query(of("process_resident_memory_bytes"), "{{instance}} of {{job}}"),),
                runbook="crash-looping",
            ),
        ),
    )
