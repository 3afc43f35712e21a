"""Chance that is the same everywhere: one seed gives one quiz, on every version of Python and every platform."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Draw:
    """Draws that follow from `keys` alone: a seed, a student's id, the number of a question.

    Only `Random.random` is used: of its methods it alone is promised to give the same numbers in every version.
    """

    def __init__(self, *keys: object) -> None:
        text = "\0".join(str(key) for key in keys)
        self._random = Random(int.from_bytes(sha256(text.encode()).digest(), "big"))

    def below(self, count: int) -> int:
        """Return a whole number from 0 to count - 1."""
        return int(self._random.random() * count)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.below(len(items))]

    def chance(self, share: float) -> bool:
        """Return True in this share of the draws."""
        return self._random.random() < share

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in another order (Fisher and Yates)."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
