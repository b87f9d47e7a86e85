import json

import pytest

from chassis.problems import (
    COMMON_PROBLEMS,
    ProblemError,
    Problems,
    ProblemType,
    from_field,
    missing_problem_types,
)
from common.refusals import FieldError

OWN = ProblemType("already_closed", "Already closed", 409, "It is closed.", "Reopen it first.")


def respond(problems: Problems, code: str, **more: object) -> tuple[int, dict[str, str], dict[str, object]]:
    answer = problems.respond(
        code,
        "so it is",
        request_base="http://api/",
        instance="/v1/things",
        trace_id="t" * 32,
        **more,  # type: ignore[arg-type]
    )
    return answer.status_code, dict(answer.headers), json.loads(bytes(answer.body))


def test_a_services_own_type_stands_beside_the_common_ones() -> None:
    status, _, body = respond(Problems([OWN]), "already_closed")
    assert (status, body["type"], body["title"]) == (
        409,
        "http://api/problems/already-closed",
        "Already closed",
    )


def test_a_service_may_say_a_common_type_in_its_own_words() -> None:
    own = ProblemType("not_found", "No such complaint", 404, "…", "…")
    assert respond(Problems([own]), "not_found")[2]["title"] == "No such complaint"


@pytest.mark.parametrize(
    ("code", "seconds"), [("idempotency_key_in_use", "1"), ("database_away", "2"), ("busy", "1")]
)
def test_what_may_be_sent_again_says_when(code: str, seconds: str) -> None:
    assert respond(Problems(), code)[1]["retry-after"] == seconds


def test_a_given_retry_after_is_kept() -> None:
    assert respond(Problems(), "busy", headers={"Retry-After": "9"})[1]["retry-after"] == "9"


def test_members_that_are_empty_are_left_out() -> None:
    assert set(respond(Problems(), "not_found")[2]) == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "trace_id",
    }


def test_extensions_and_errors_are_members() -> None:
    error = from_field(FieldError("limit", "too_large", "more than 100", "ask for less"))
    body = respond(Problems(), "invalid_parameter", errors=[error], extensions={"known": ["limit"]})[2]
    assert body["errors"] == [
        {"parameter": "limit", "code": "too_large", "detail": "more than 100", "fix": "ask for less"}
    ]
    assert body["known"] == ["limit"]


def test_codes_are_found_with_hyphens_and_underscores() -> None:
    problems = Problems([OWN])
    assert problems.find("already-closed") is problems.find("already_closed") is OWN


def test_every_type_is_complete_and_unique() -> None:
    assert len({kind.code for kind in COMMON_PROBLEMS}) == len(COMMON_PROBLEMS)
    assert all(
        kind.title and kind.explanation and kind.fix and 400 <= kind.status < 600 for kind in COMMON_PROBLEMS
    )


def test_a_problem_raised_at_the_edge_has_its_types_status() -> None:
    assert ProblemError("busy", "later").status_code == 503


def test_a_missing_type_is_found_before_a_client_finds_it() -> None:
    from common.refusals import Conflicting

    class ForgottenRefusal(Conflicting):
        code = "forgotten"

    forgotten = ProblemType(ForgottenRefusal.code, "t", 409, "e", "f")
    assert "forgotten" in missing_problem_types([], __name__)
    assert missing_problem_types([forgotten], __name__) == set()


def test_the_refusals_of_another_package_are_not_a_services_concern() -> None:
    from tests.chassis import world

    assert world.Untyped.code not in missing_problem_types([], "intake")
    assert world.Untyped.code in missing_problem_types([], "tests.chassis.world")
