"""Helpers: a network from a few lines, and what is said of a number."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import cache
from pathlib import Path

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.assignment import Counting
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.homework.marks import Diagnosis, Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import ARGUMENTS, QUANTITIES, TOTAL, Asked, read_key

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path for path in SPECS.rglob("*.yaml") if "homework" not in path.parts)


def network(layers: str, input: str = "[3, 32, 32]", counting: Counting = Counting()) -> Network:  # noqa: B008
    """`layers` are flow mappings, one a line; the first dash is put here."""
    lines = "".join(f"  - {line.strip()}\n" for line in layers.strip().splitlines())
    return Network(cnncalc.loads(f"input: {input}\nlayers:\n{lines}"), counting)


@cache
def of_gallery(name: str) -> Network:
    return Network(cnncalc.load(SPECS / f"{name}.yaml"))


def ask(of: Network, key: str) -> Asked:
    return read_key(key, of.nodes)


def diagnosed(of: Network, key: str, *written: object) -> tuple[Diagnosis, ...]:
    return Diagnoser(of).diagnose(ask(of, key), tuple(written))


def names(found: tuple[Diagnosis, ...]) -> list[str]:
    """Each diagnosis as its mistakes' names, with a + between them."""
    return [" + ".join(named.name for named in one.mistakes) for one in found]


def questions(of: Network):
    """Everything that can be asked of a network and is worked out, elements apart."""
    for place in [*of.nodes, TOTAL]:
        for quantity in QUANTITIES:
            asked = Asked(place, quantity)
            if quantity == "output" or quantity in ARGUMENTS:
                continue
            try:
                of.value(asked)
            except CnncalcError:
                continue
            yield asked


def evaluated(numbers: str, count: int) -> Value:
    """The arithmetic of a working, by Python's own; one result for all of `count` axes is repeated.

    Whole numbers are taken as fractions, so that no division is inexact; the floats of an element stay floats.
    """
    exact = numbers if "." in numbers else re.sub(r"\d+", r"Fraction(\g<0>)", numbers)
    known = {"__builtins__": {}, "floor": math.floor, "ceil": math.ceil, "max": max, "Fraction": Fraction}
    found = eval(exact, known)
    values = found if isinstance(found, tuple) else (found,)
    return values * count if len(values) == 1 else values
