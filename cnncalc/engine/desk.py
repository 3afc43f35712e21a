"""An engine's desk: where callers hand in their arrays and find the results, one caller after the other."""

from __future__ import annotations

import threading
from math import prod

import numpy as np

from cnncalc.engine.forks import forks
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.plan.plan import Plan

FEW = 1 << 14
"""Numbers that are copied in less time than it takes to find out where they are."""


class Turns:
    """Whose turn it is to use an engine's memory. Of a forked process that is nobody's, whoever held it before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forks = forks()

    def lock(self) -> threading.Lock:
        """Return the lock to hold in this process."""
        if self._forks != forks():
            self.__init__()
        return self._lock


class Desk:
    """Where a run's first step finds the caller's array, and its last ones leave theirs.

    To tell a step an address takes longer than to copy a few numbers, so small arrays have a place that stays.
    """

    def __init__(self, plan: Plan, shape: tuple[int, ...]) -> None:
        self._source = plan.entry.source_row
        self._stays = np.empty(shape, np.float32) if prod(shape) <= FEW else None
        self._given: Array | None = self._stays
        if self._stays is not None:
            self._source["source"] = self._stays.ctypes.data
        self._targets: list[tuple[str, Array, Array]] = []
        for name, leave in plan.exits.items():
            place: Array = np.empty((shape[0], *leave.inputs[0].shape), np.float32)
            self._targets.append((name, leave.target_row, place))
            leave.target_row["target"] = place.ctypes.data

    def take(self, given: Array) -> None:
        """Have the first step read this array."""
        if self._stays is not None:
            self._stays[...] = given
        else:
            self._given = np.ascontiguousarray(given)  # held until the next run, since the step only has its address
            self._source["source"] = self._given.ctypes.data

    def give(self) -> dict[str, Array]:
        """Return what the last steps left, by the node's name; it is the caller's."""
        outputs: dict[str, Array] = {}
        for at, (name, row, place) in enumerate(self._targets):
            if place.size <= FEW:
                outputs[name] = np.array(place)
                continue
            outputs[name] = place
            place = np.empty_like(place)
            row["target"] = place.ctypes.data
            self._targets[at] = (name, row, place)
        return outputs
