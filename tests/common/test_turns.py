from common.turns import in_turns


def test_each_key_stands_once_in_a_turn_and_keeps_its_order() -> None:
    items = ["a1", "b1", "a2", "c1", "a3", "b2"]
    assert in_turns(items, lambda item: item[0]) == [["a1", "b1", "c1"], ["a2", "b2"], ["a3"]]


def test_nothing_takes_no_turn() -> None:
    assert in_turns([], str) == []
