import pytest
from starlette.requests import Request

from chassis.etags import etag, expected_version, is_unmodified
from chassis.problems import ProblemError


def asking(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "PATCH", "path": "/", "headers": raw})


def test_a_version_survives_the_way_through_an_etag() -> None:
    assert expected_version(asking(if_match=etag(7))) == 7


def test_a_change_without_if_match_is_428() -> None:
    with pytest.raises(ProblemError) as refused:
        expected_version(asking())
    assert (refused.value.status_code, refused.value.code) == (428, "precondition_required")


def test_a_star_asks_for_no_version() -> None:
    assert expected_version(asking(if_match="*")) is None


@pytest.mark.parametrize("tag", ['W/"v7"', '"abc"', '"v"', '"v-1"'])
def test_a_tag_that_is_weak_or_none_of_ours_matches_no_version(tag: str) -> None:
    assert expected_version(asking(if_match=tag)) == 0


@pytest.mark.parametrize("header", ["", "v7", '"v7", "v8"', '"v7'])
def test_if_match_holds_exactly_one_tag(header: str) -> None:
    with pytest.raises(ProblemError) as refused:
        expected_version(asking(if_match=header))
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("header", "unmodified"),
    [('"v7"', True), ('W/"v7"', True), ('"v6", "v7"', True), ("*", True), ('"v6"', False), ("junk", False)],
)
def test_if_none_match_tells_whether_the_caller_has_this_version(header: str, unmodified: bool) -> None:  # noqa: FBT001 - a case
    assert is_unmodified(asking(if_none_match=header), 7) is unmodified


def test_without_if_none_match_the_answer_is_sent() -> None:
    assert not is_unmodified(asking(), 7)
