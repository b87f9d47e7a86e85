"""Takes apart what is to be done together, so that nothing is done to one thing twice at once."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_turns(items: Iterable[T], key: Callable[[T], Hashable]) -> Sequence[Sequence[T]]:
    """Split items into turns in which each key stands once; those of one key keep their order from turn to turn."""
    turns: list[list[T]] = []
    seen: dict[Hashable, int] = {}
    for item in items:
        turn = seen[key(item)] = seen.get(key(item), -1) + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(item)
    return turns
