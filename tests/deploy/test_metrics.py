"""The catalogue of metrics: what it must say of each, and that comparing with it finds what differs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from events.worker_metrics import SAME_IN_ALL
from tests.support.catalogue import CATALOGUE, catalogued, differences

ENTRIES = json.loads(CATALOGUE.read_text())["metrics"]
MOST_SERIES = 1_000
UNBOUNDED = (
    "id",
    "complaint",
    "subject",
    "person",
    "owner",
    "recipient",
    "mail",
    "email",
    "address",
    "url",
    "key",
    "text",
)


def a_scrape(*, outcome: str = "handled", text: str = "Things.") -> str:
    """What a service with one counter and one gauge exports."""
    return (
        f'# HELP things_total {text}\n# TYPE things_total counter\nthings_total{{outcome="{outcome}"}} 1.0\n'
        "# HELP things_open Open ones.\n# TYPE things_open gauge\nthings_open 0.0\n"
    )


KNOWN: Mapping[str, Mapping[str, Any]] = {
    "things_total": {"type": "counter", "help": "Things.", "labels": {"outcome": ["handled", "dead"]}},
    "things_open": {"type": "gauge", "help": "Open ones.", "labels": {}},
}


def without(label: str) -> Mapping[str, Mapping[str, Any]]:
    entry = dict(KNOWN["things_total"])
    entry["labels"] = {name: values for name, values in entry["labels"].items() if name != label}
    return {**KNOWN, "things_total": entry}


def test_a_scrape_that_the_catalogue_describes_does_not_differ() -> None:
    assert differences("any", a_scrape(), KNOWN) == []


@pytest.mark.parametrize(
    ("scrape", "known", "found"),
    [
        (a_scrape(), {"things_total": KNOWN["things_total"]}, "things_open is not in the catalogue"),
        (a_scrape(), {**KNOWN, "gone": KNOWN["things_open"]}, "gone is not exported"),
        (a_scrape(outcome="new"), KNOWN, "things_total: outcome has ['new'], which is not in the catalogue"),
        (a_scrape(), without("outcome"), "things_total: the label outcome is not in the catalogue"),
        (a_scrape(text="Other things."), KNOWN, "things_total: is counter: Other things."),
    ],
)
def test_whatever_differs_from_the_catalogue_is_found(
    scrape: str, known: Mapping[str, Mapping[str, Any]], found: str
) -> None:
    assert differences("any", scrape, known) == [found]


def test_what_is_counted_in_the_database_is_exported_by_workers_alone() -> None:
    counted = [entry for entry in ENTRIES if SAME_IN_ALL in entry["help"]]
    assert {entry["name"] for entry in counted} >= {"timers_due", "outbox_pending_messages", "actions_open"}
    assert [entry["name"] for entry in counted if entry["roles"] != ["worker"]] == []


def test_no_label_names_a_thing_or_a_person() -> None:
    assert [
        (entry["name"], label)
        for entry in ENTRIES
        for label in entry["labels"]
        if label in UNBOUNDED or label.endswith("_id")
    ] == []


def test_an_api_alone_exports_nothing_of_its_worker() -> None:
    alone = {name for name, entry in catalogued("notifier").items() if "api" in entry["roles"]}
    assert "http_server_request_duration_seconds" in alone
    assert not [
        name for name in alone if name.startswith(("timer", "auditor", "outbox", "consumer", "deliver"))
    ]


def test_no_metric_has_more_series_than_a_person_could_look_through() -> None:
    def series(entry: Mapping[str, Any]) -> int:
        number = 1
        for values in entry["labels"].values():
            number *= 1 if values is None else len(values)
        return number

    assert [entry["name"] for entry in ENTRIES if series(entry) > MOST_SERIES] == []
