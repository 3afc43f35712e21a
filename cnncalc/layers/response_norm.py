"""Normalisation across neighbouring channels: LocalResponseNorm (torch.nn)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.base import (
    BadSample,
    Layer,
    LayerError,
    NoProducts,
    Parameterless,
    SameShape,
    Sample,
    Shapes,
    single,
)
from cnncalc.layers.kinds import Count, Real, argument
from cnncalc.text import Shape, later, say, shape_text


@dataclass(frozen=True, kw_only=True)
class LocalResponseNorm(Parameterless, SameShape, NoProducts, Layer):
    """Each element divided by a power of the mean square of its neighbours across channels.

    Krizhevsky et al. 2012, section 3.3; as PyTorch computes it, the mean counts channels past the ends as zeros.
    """

    size: int = argument(Count(), "how many neighbouring channels are summed")
    alpha: float = argument(Real(), "weight of the mean square", 1e-4)
    beta: float = argument(Real(), "the power", 0.75)
    k: float = argument(Real(), "added before the power", 1.0)

    short: ClassVar[str] = "lrn"
    formula: ClassVar[str] = later(
        "y[c] = x[c] / (k + alpha/size * sum of x[j]^2, c - size/2 <= j < c + (size + 1)/2) ^ beta"
    )

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's, which needs a spatial axis."""
        shape = single(inputs)
        if len(shape) < 2:
            raise LayerError(
                say("needs a feature map, and its input is the vector {shape}", shape=shape_text(shape)), code="E303"
            )
        return shape

    @classmethod
    def samples(cls) -> list[Sample]:
        """Odd and even sizes, and one wider than the channels."""
        return [
            Sample({"size": 5}, ((7, 3, 2),)),
            Sample({"size": 4, "alpha": 0.5, "beta": 0.5, "k": 2}, ((7, 3, 2),)),
            Sample({"size": 9, "alpha": 0.1}, ((4, 6),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No size, a vector."""
        return [BadSample({}, ((7, 3, 2),), "size"), BadSample({"size": 5}, ((7,),), "")]
