"""The catalogue of mistakes: one visible table, in the order in which mistakes that tie are told."""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.homework.mistakes.arrangements import ARRANGEMENTS
from cnncalc.homework.mistakes.biases import BIASES
from cnncalc.homework.mistakes.costs import COST_MISTAKES
from cnncalc.homework.mistakes.elements import ELEMENT_MISTAKES
from cnncalc.homework.mistakes.fields import FIELD_MISTAKES
from cnncalc.homework.mistakes.kernels import KERNELS
from cnncalc.homework.mistakes.memory import MEMORY_MISTAKES
from cnncalc.homework.mistakes.parameters import PARAMETERS
from cnncalc.homework.mistakes.shapes import SHAPE_MISTAKES
from cnncalc.homework.mistakes.slips import SLIPS
from cnncalc.homework.mistakes.totals import TOTAL_MISTAKES
from cnncalc.homework.mistakes.transposed import TRANSPOSED
from cnncalc.homework.mistakes.windows import WINDOWS
from cnncalc.homework.workings.working import Mistake

MISTAKES: tuple[Mistake, ...] = (
    *BIASES,
    *KERNELS,
    *PARAMETERS,
    *COST_MISTAKES,
    *WINDOWS,
    *TRANSPOSED,
    *SHAPE_MISTAKES,
    *ARRANGEMENTS,
    *FIELD_MISTAKES,
    *MEMORY_MISTAKES,
    *ELEMENT_MISTAKES,
    *TOTAL_MISTAKES,
    *SLIPS,
)
"""Every mistake there is a name for."""

BY_NAME: Mapping[str, Mistake] = {mistake.name: mistake for mistake in MISTAKES}
"""Each by its name."""

__all__ = ["BY_NAME", "MISTAKES"]
