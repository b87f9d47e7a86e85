import orjson

from benchmarks.load.arrivals import Arrival, Kind
from benchmarks.load.complaints import VARIABLE, Pool, pool
from benchmarks.load.story import Story
from intake.usecases.complaint_form import ComplaintForm

STORY = Story("load-1", Pool([{"product": "loan", "remedy_sought": "refund"}], "one"), "secret")


def parts(kind: Kind, complaint: int) -> tuple[str, dict[str, object]]:
    head, _, body = STORY.request(Arrival(0.0, kind, complaint)).partition(b"\r\n\r\n")
    return head.decode(), orjson.loads(body) if body else {}


def key_of(head: str) -> str:
    return head.partition("Idempotency-Key: ")[2].partition("\r\n")[0]


def test_a_repeat_is_the_very_request_that_came_before() -> None:
    assert parts(Kind.REPEAT, 4) == parts(Kind.HAND_OVER, 4)


def test_an_amendment_has_the_identity_of_the_complaint_and_another_body_and_key() -> None:
    (first, body), (later, amended) = parts(Kind.HAND_OVER, 4), parts(Kind.AMEND, 4)
    assert body["external_id"] == amended["external_id"]
    assert body["remedy_sought"] != amended["remedy_sought"]
    assert key_of(first) != key_of(later)


def test_some_complaints_have_no_id_and_are_still_found_by_their_serial_number() -> None:
    bodies = [parts(Kind.HAND_OVER, number)[1] for number in range(20)]
    assert sum("external_id" not in body for body in bodies) == 2
    assert [body["serial"] for body in bodies] == [f"load-1-{number}" for number in range(20)]


def test_what_goes_by_the_sources_id_is_about_a_complaint_that_has_one() -> None:
    without = next(number for number in range(100) if not STORY.has_id(number))
    assert STORY.has_id(STORY.subject(Arrival(0.0, Kind.READ, without)))
    assert "external_id" in parts(Kind.AMEND, without)[1]


def test_without_a_file_the_complaints_are_made_up_and_say_so() -> None:
    made = pool(7, {})
    assert VARIABLE in made.said
    assert made.bodies == pool(7, {}).bodies
    ComplaintForm.model_validate_json(orjson.dumps(Story("load-1", made, "k").body(0)))
