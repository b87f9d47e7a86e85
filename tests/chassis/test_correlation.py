from uuid import UUID

import pytest

from chassis.correlation import correlated, correlation_from, current

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def test_the_callers_correlation_id_is_kept() -> None:
    wanted = UUID("0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30")
    assert correlation_from(str(wanted), None).correlation_id == wanted


def test_the_same_text_that_is_no_uuid_always_gives_the_same_id() -> None:
    first, again = correlation_from("order 66", None), correlation_from("order 66", None)
    assert first.correlation_id == again.correlation_id != correlation_from("order 67", None).correlation_id


def test_without_an_id_the_trace_names_the_correlation_and_goes_on_with_a_new_span() -> None:
    correlation = correlation_from(None, PARENT)
    assert correlation.correlation_id == UUID(hex=TRACE)
    assert correlation.traceparent.startswith(f"00-{TRACE}-")
    assert correlation.traceparent.endswith("-01")
    assert "00f067aa0ba902b7" not in correlation.traceparent


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "junk",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_an_unusable_trace_is_replaced_by_a_new_one(parent: str) -> None:
    correlation = correlation_from(None, parent)
    assert correlation.correlation_id.version == 7
    assert correlation.trace_id == correlation.correlation_id.hex


def test_a_block_is_bound_and_released() -> None:
    with correlated(None, PARENT) as correlation:
        assert current() == correlation
    assert current() is None
