"""Each planted mistake in a query is found, and a right one passes."""

import json

import pytest

from tests.support.known_metrics import KnownMetrics, from_catalogue, from_exporters
from tests.support.queries import (
    WrongQuery,
    faults,
    faults_of_variable,
    labels_of,
    metrics_used,
    parse,
    recorded,
    without_macros,
)

CATALOGUE = {
    "metrics": [
        {
            "name": "outbox_published_total",
            "type": "counter",
            "service": "intake",
            "labels": {"topic": None, "outcome": ["published", "refused"]},
        },
        {"name": "outbox_pending_messages", "type": "gauge", "service": "capa", "labels": {}},
        {
            "name": "consumer_event_age_seconds",
            "type": "histogram",
            "service": "notifier",
            "labels": {"topic": ["redress.capa"]},
        },
        {
            "name": "consumer_event_age_seconds",
            "type": "histogram",
            "service": "capa",
            "labels": {"topic": ["redress.intake"]},
        },
    ]
}


@pytest.fixture(name="known")
def fixture_known() -> KnownMetrics:
    series = [*from_catalogue(json.dumps(CATALOGUE)), *from_exporters("[prometheus]\nup = []\n")]
    return KnownMetrics(series)


@pytest.mark.parametrize(
    "query",
    [
        "sum by (topic) (rate(outbox_published_total{outcome='refused'}[$__rate_interval])) > 0",
        "max by (job) (max_over_time(outbox_pending_messages[5m])) > 100",
        'max by (job) (outbox_pending_messages{job=~"$service", instance=~"${instance:regex}"})',
        'histogram_quantile(0.99, sum by (le, topic) (rate(consumer_event_age_seconds_bucket{topic="$topic"}[1h])))',
        'sum(rate(consumer_event_age_seconds_bucket{le=~"60|60.0"}[5m])) / sum(rate(consumer_event_age_seconds_count[5m]))',
        'outbox_published_total{outcome=~"published|refused"}',
        "topk(3, sum by (topic) (increase(outbox_published_total[$__range])))",
        'absent(up{job="intake"}) or up == 0',
        "sum by (job) (up) / on (job) group_left () count by (job) (up)",
        "max by (job) (outbox_pending_messages) > 0 unless on (job) (max by (job) (up) == 0)",
        'label_replace(up, "service", "$1", "job", "(.*)")',
        "max_over_time((sum by (job) (up) > 0)[5m:1m])",
        "time() - max(outbox_pending_messages)",
        '{__name__="up", job="capa"}',
    ],
)
def test_a_right_query_has_no_fault(query: str, known: KnownMetrics) -> None:
    assert faults(query, known) == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        (
            "sum(rate(outbox_publishd_total[5m]))",
            "no metric outbox_publishd_total; did you mean outbox_published_total",
        ),
        ("outbox_pending_messages{topic='x'}", "outbox_pending_messages has no label topic"),
        ("consumer_event_age_seconds", "no metric consumer_event_age_seconds"),
        ("outbox_published", "no metric outbox_published"),
        ("outbox_published_total{outcome='lost'}", "outcome of outbox_published_total is never 'lost'"),
        ("outbox_published_total{outcome!='lost'}", "never 'lost'"),
        ("outbox_published_total{outcome=~'published|lost'}", r"never 'published\|lost'"),
        ("outbox_published_total{outcome=~'los.*'}", "never 'los"),
        (
            "outbox_published_total{job='notifier'}",
            "job of outbox_published_total is never 'notifier', only intake",
        ),
        ("sum by (queue) (rate(outbox_published_total[5m]))", "label queue is grouped"),
        ("sum without (queue) (outbox_pending_messages)", "label queue is grouped"),
        ("sum by (topic) (sum by (job) (outbox_published_total))", "label topic is grouped"),
        (
            "histogram_quantile(0.9, sum by (topic) (rate(consumer_event_age_seconds_bucket[5m])))",
            "label le is needed",
        ),
        ("sum by (job) (up) > sum by (instance) (up)", "sides of > never match"),
        ("sum by (job) (up) and sum(up)", "sides of and never match"),
        ("outbox_published_total > outbox_pending_messages", "sides of > never match"),
        ("sum by (job) (up) / on (topic) sum by (job) (up)", "label topic is matched on"),
        (
            "sum by (job) (up) * on (job) group_left (topic) sum by (job) (up)",
            "label topic is taken from the right",
        ),
        ("absent(upp{job='intake'})", "no metric upp"),
        ("up{} or vector(1) > missing", "no metric missing"),
        ("rate(outbox_published_total)", "expected type matrix"),
        ("sum(rate(outbox_published_total[5m])", "unclosed left parenthesis"),
        ("{job='intake'}", "names no metric"),
        ('label_replace(up, "service", "$1", "pod", "(.*)")', "label pod is read by label_replace"),
    ],
)
def test_a_planted_mistake_is_found(query: str, fault: str, known: KnownMetrics) -> None:
    found = faults(query, known)
    assert len(found) == 1
    with pytest.raises(WrongQuery, match=fault):
        labels_of(query, known)


def test_grafanas_macros_become_what_grafana_would_put_there() -> None:
    query = 'sum(rate(a{x=~"$job", y=~"${team:regex}", z=~"[[old]]"}[$__rate_interval])) + max_over_time(b[$__range:$__interval])'
    assert without_macros(query) == ('sum(rate(a{x=~".*", y=~".*", z=~".*"}[5m])) + max_over_time(b[1h:1m])')


def test_the_query_of_a_template_variable_is_checked_with_its_label(known: KnownMetrics) -> None:
    assert faults_of_variable("label_values(up, job)", known) == []
    assert faults_of_variable('label_values(outbox_published_total{job=~"$job"}, topic)', known) == []
    assert faults_of_variable("query_result(max by (job) (up))", known) == []
    (wrong_label,) = faults_of_variable("label_values(up, topic)", known)
    assert "there is no label topic" in wrong_label
    (wrong_metric,) = faults_of_variable("label_values(upp, job)", known)
    assert "there is no metric upp" in wrong_metric


def test_a_recorded_series_has_the_labels_of_its_query(known: KnownMetrics) -> None:
    rules = [
        ("topic:published:rate5m", "sum by (topic) (rate(outbox_published_total[5m]))", ["slo"]),
        ("published:rate5m", "sum(topic:published:rate5m)", []),
    ]
    with_rules = recorded(rules, known)
    assert labels_of("topic:published:rate5m", with_rules) == {"topic", "slo"}
    assert labels_of("published:rate5m > 1", with_rules) == set()
    assert faults("sum by (job) (topic:published:rate5m)", with_rules) != []


def test_every_series_that_queries_select_is_told() -> None:
    queries = ["sum(rate(a_total[5m])) / b", "max_over_time(c[1h]) or absent(d)"]
    assert metrics_used(queries) == {"a_total", "b", "c", "d"}


def test_a_query_that_does_not_parse_says_which() -> None:
    with pytest.raises(WrongQuery, match=r"^sum\(x: "):
        parse("sum(x")
