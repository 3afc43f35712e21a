"""The steps in order: channels go first, then weights, then bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncalc.graph import Graph
from cnncalc.lighter.lightened import Lightened
from cnncalc.lighter.wishes import Wishes


def lighten(
    graph: Graph,
    wishes: Wishes,
    *,
    batch: int = 1,
    dtype: str = "float32",
    norms: Mapping[str, Sequence[float]] | None = None,
) -> Lightened:
    """Return `graph` made lighter as wished, with what that saves.

    `dtype` is what is not quantized, and the original, one of analysis.memory.BITS. `norms`: a number for each output
    channel of a layer, by its name; where channels are chosen among, those with the smallest sums go. Without it the
    last ones go; how many go does not depend on it.

    Raises CnncalcError: E741 for a layer there is not or that holds nothing of the kind, E742 for channels that cannot
    be cut alone, E743 for shares that contradict each other, E744 for what cannot be cut at all.
    """
    raise NotImplementedError
