"""PromQL in pieces, so that every query names its jobs and its rate interval alike."""

from typing import Final

JOB: Final = 'job=~"$job"'


def of(metric: str, *matchers: str) -> str:
    """Select a metric of the chosen jobs."""
    return f"{metric}{{{', '.join((JOB, *matchers))}}}"


def rate(metric: str, *matchers: str) -> str:
    """Give how often a counter rose, per second."""
    return f"rate({of(metric, *matchers)}[$__rate_interval])"


def per_hour(metric: str, *matchers: str) -> str:
    """Give how often a counter rose, per hour: what people do is too rare to be read per second."""
    return f"3600 * {rate(metric, *matchers)}"


def grown(metric: str, *matchers: str) -> str:
    """Give by how much a counter rose in the dashboard's whole time range."""
    return f"increase({of(metric, *matchers)}[$__range])"


def total(expression: str, by: str = "") -> str:
    """Add up counters over instances: each counted what it did itself."""
    return f"sum by ({by}) ({expression})" if by else f"sum({expression})"


def highest(expression: str, by: str = "") -> str:
    """Take the highest of the instances: each read the same rows from the database."""
    return f"max by ({by}) ({expression})" if by else f"max({expression})"


def lowest(expression: str, by: str = "") -> str:
    """Take the lowest of the instances, so that one that is badly off shows."""
    return f"min by ({by}) ({expression})" if by else f"min({expression})"


def ratio(part: str, whole: str) -> str:
    """Divide two sums; there is no answer while the whole is 0."""
    return f"{part} / ({whole} > 0)"


def quantile(level: float, histogram: str, *matchers: str, by: str = "") -> str:
    """Estimate a quantile from a histogram's buckets."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({level}, {total(rate(f'{histogram}_bucket', *matchers), by=labels)})"


def within(bound: str, histogram: str, *matchers: str, by: str = "") -> str:
    """Give the share of a histogram's observations in the time range that stayed within a bucket's bound.

    Prometheus 3 writes a whole bound with a decimal, Prometheus 2 as it was exported, so that both are matched.
    """
    bounds = bound if "." in bound else f"{bound}|{bound}.0"
    inside = total(grown(f"{histogram}_bucket", f'le=~"{bounds}"', *matchers), by=by)
    return ratio(inside, total(grown(f"{histogram}_count", *matchers), by=by))


def largest_first(expression: str) -> str:
    """Sort an instant answer, so that bars stand in the order of their size."""
    return f"sort_desc({expression})"


def exported(metric: str, *matchers: str, jobs: str = "exporter") -> str:
    """Select a metric of exporters, which run beside Kafka and PostgreSQL; `jobs` is the variable that chooses theirs."""
    chosen = f'job=~"${jobs}"'
    return f"{metric}{{{', '.join((chosen, *matchers))}}}"
