from benchmarks.load.check import compare
from benchmarks.load.ledger import Told


def told(*, ended: bool = True) -> Told:
    """Complaints 0 to 3 were sent, all but the last accepted."""
    ledger = Told(begun={"run": "load-1"}, ended=ended, sent={0, 1, 2, 3})
    ledger.accepted.update({0: {"a"}, 1: {"b"}, 2: {"c"}})
    return ledger


KEPT = {0: ["a"], 1: ["b"], 2: ["c"]}
DECIDED = {"a": 1, "b": 1, "c": 1}


def test_complaints_that_are_there_once_and_decided_once_are_fine() -> None:
    assert compare(told(), KEPT, DECIDED).fine


def test_an_accepted_complaint_that_is_missing_is_found() -> None:
    verdict = compare(told(), {0: ["a"], 1: ["b"]}, DECIDED)
    assert dict(verdict.findings) == {"accepted and not in intake": [2]}


def test_a_complaint_that_is_there_twice_is_found() -> None:
    verdict = compare(told(), {**KEPT, 1: ["b", "x"]}, DECIDED)
    assert dict(verdict.findings) == {"more than once in intake": [1]}


def test_a_complaint_that_was_answered_with_another_id_is_found() -> None:
    repeated = told()
    repeated.accepted[1].add("x")
    assert dict(compare(repeated, KEPT, DECIDED).findings) == {
        "answered with another id than intake has": [1]
    }


def test_a_complaint_without_a_decision_is_found() -> None:
    assert dict(compare(told(), KEPT, {"a": 1, "b": 1}).findings) == {"without a decision in capa": [2]}


def test_a_complaint_with_two_decisions_is_found() -> None:
    verdict = compare(told(), KEPT, {**DECIDED, "a": 2})
    assert dict(verdict.findings) == {"decided about more than once": [0]}


def test_what_was_sent_without_an_answer_may_be_there_once_or_not_but_not_undecided() -> None:
    arrived = compare(told(), {**KEPT, 3: ["d"]}, {**DECIDED, "d": 1})
    assert (arrived.fine, arrived.uncertain) == (True, 1)
    assert not compare(told(), {**KEPT, 3: ["d"]}, DECIDED).fine


def test_a_complaint_that_was_never_sent_is_found_unless_the_ledger_lost_its_end() -> None:
    kept, decided = {**KEPT, 9: ["z"]}, {**DECIDED, "z": 1}
    assert not compare(told(), kept, decided).fine
    assert compare(told(ended=False), kept, decided).fine


def test_the_verdict_says_which_complaints_are_meant() -> None:
    lines = list(compare(told(), {0: ["a"], 1: ["b"]}, DECIDED).lines())
    assert lines[1:] == ["  accepted and not in intake: 1 (2)", "NOT as promised."]
