import asyncio
import json
import logging
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis.correlation import correlated
from chassis.logging import AccessLog, configure_logging, get_logger, hide_secrets

Lines = Callable[[], list[dict[str, Any]]]
KEY = "redress_live_0123456789_" + "a" * 43 + "0aB3c9"
CORRELATION = "0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30"


def test_an_event_is_one_line_of_json_with_time_service_and_level(logged: Lines) -> None:
    get_logger("x").info("complaint_received", number="C-1")
    (line,) = logged()
    assert list(line)[:4] == ["timestamp", "service", "level", "event"]
    assert (line["service"], line["level"], line["event"], line["number"]) == (
        "things",
        "info",
        "complaint_received",
        "C-1",
    )
    assert line["timestamp"].endswith("Z")


def test_the_standard_librarys_logs_are_the_same_json(logged: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("port %d", 80)
    logging.getLogger("anything").info("done", extra={"rows": 3})
    first, second = logged()
    assert (first["event"], first["level"]) == ("port 80", "warning")
    assert (second["event"], second["rows"]) == ("done", 3)


def test_a_line_says_what_it_belongs_to(logged: Lines) -> None:
    with correlated(CORRELATION):
        get_logger("x").info("inside")
        logging.getLogger("y").info("inside too")
    get_logger("x").info("outside")
    first, second, third = logged()
    assert first["correlation_id"] == second["correlation_id"] == CORRELATION
    assert len(first["trace_id"]) == 32
    assert "correlation_id" not in third


def test_what_kafkas_client_repeats_during_an_outage_is_said_once_in_a_while(logged: Lines) -> None:
    client = logging.getLogger("aiokafka.conn")
    for port in range(50):
        client.error("Unable to connect to %s", port)
    client.error("something else")
    assert [line["event"] for line in logged()] == ["Unable to connect to 0", "something else"]


def test_lines_below_the_level_are_left_out(logged: Lines) -> None:
    get_logger("x").debug("quiet")
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    assert logged() == []


def test_secrets_are_hidden_by_name_and_by_form(logged: Lines) -> None:
    get_logger("x").info(
        "started",
        pepper="hunter2",
        headers={"Authorization": f"Bearer {KEY}"},
        url="postgresql://redress:hunter2@db/intake",
        said=f"key {KEY} was sent",
    )
    logging.getLogger("y").warning("no way to postgresql://redress:hunter2@db/intake")
    text = json.dumps(logged())
    assert "hunter2" not in text
    assert "a" * 43 not in text
    assert "redress_***_0123456789_***" in text


def test_a_trace_is_logged_as_text_without_the_values_of_a_row(logged: Lines) -> None:
    said = "duplicate key\nDETAIL:  Key (email)=(ada@example.org) already exists."
    get_logger("x").error("failed", exc_info=ValueError(said))
    (line,) = logged()
    assert line["exception"].startswith("ValueError: duplicate key")
    assert "ada@example.org" not in line["exception"]


def test_warnings_of_python_are_logged(logged: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "old" in logged()[0]["event"]


def test_values_that_json_lacks_are_written_as_text(logged: Lines) -> None:
    get_logger("x").info("odd", kinds={1}, mapping={1: "a"})
    get_logger("x").info("odder", half="\ud800", large=2**70)
    odd, odder = logged()
    assert (odd["kinds"], odd["mapping"]) == ("{1}", {"1": "a"})
    assert (odder["half"], odder["large"]) == ("\ud800", 2**70)


def test_the_access_log_writes_the_same_shape(logged: Lines) -> None:
    AccessLog().write({"path": "/v1", "status": 200})
    (line,) = logged()
    assert list(line) == ["timestamp", "service", "level", "event", "path", "status"]


async def test_requests_that_end_in_one_turn_of_the_loop_are_written_before_the_next_line(
    logged: Lines,
) -> None:
    log = AccessLog()
    log.write({"path": "/1"})
    log.write({"path": "/2"})
    get_logger("x").info("later")
    log.write({"path": "/3"})
    await asyncio.sleep(0)
    assert [line.get("path", line["event"]) for line in logged()] == ["/1", "/2", "later", "/3"]


def test_the_access_log_obeys_the_level(logged: Lines) -> None:
    configure_logging("things", "warning")
    AccessLog().write({"path": "/v1"})
    assert logged() == []


def test_the_access_log_goes_through_structlog_where_others_handle_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with capture_logs() as events:
        AccessLog().write({"path": "/v1"})
    assert events[0]["path"] == "/v1"


def test_hiding_leaves_harmless_text_alone() -> None:
    text = "https://intake.example.org/v1/complaints?status=open for ada@example.org"
    assert hide_secrets(text) == text
