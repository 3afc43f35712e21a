"""What to do about an input of another shape than the network's."""

from __future__ import annotations

from cnncalc.text import Shape, say


def rearranged(got: Shape, wanted: Shape) -> str | None:
    """Say how an array becomes `wanted`, or a batch (N, *wanted), without losing a number; None where it cannot."""
    return reshaped(got, wanted) or transposed(got, wanted)


def reshaped(got: Shape, wanted: Shape) -> str | None:
    """Say so where it has the sizes, with axes of 1 in other places."""
    if _without_ones(got) != _without_ones(wanted):
        return None
    return say("use {code}", code=f"x.reshape({', '.join(map(str, wanted))})")


def transposed(got: Shape, wanted: Shape) -> str | None:
    """Say so where it has the channels last, as other tools have them."""
    batch = len(got) - len(wanted)
    if batch not in (0, 1) or got[batch:] != (*wanted[1:], wanted[0]):
        return None
    axes = (*range(batch), len(got) - 1, *range(batch, len(got) - 1))
    return say("the channels come first: use {code}", code=f"x.transpose({', '.join(map(str, axes))})")


def other_sizes(got: Shape, wanted: Shape) -> Shape | None:
    """Return the input that a network would need to take such an array or batch, if only sizes differ, else None."""
    one = got if len(got) == len(wanted) else got[1:]
    return one if len(one) == len(wanted) and one[0] == wanted[0] and one != wanted and all(got) else None


def other_network(sizes: Shape) -> str:
    """Say in Python how a network takes an input of these sizes."""
    return say("load it for that: cnncalc.load(path, input_shape={sizes})", sizes=sizes)


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)
