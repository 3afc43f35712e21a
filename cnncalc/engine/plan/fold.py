"""Folding: a BatchNorm behind a convolution becomes part of its weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnncalc.engine.kernels.elementwise import ScaleShift
from cnncalc.engine.plan.convolving import Convolution, Window
from cnncalc.engine.plan.operation import Array, Operation
from cnncalc.engine.plan.uses import Uses
from cnncalc.engine.plan.value import Value


def fold(operations: Sequence[Operation], kept: Sequence[Value]) -> list[Operation]:
    """Fold each y = x * scale + shift whose x only it reads into the convolution that computes x.

    w' = w * scale and b' = b * scale + shift a channel, in float64, rounded once (Jacob et al. 2018, section 3.2).
    """
    uses = Uses(operations, kept)
    left: list[Operation] = []
    for operation in operations:
        maker = uses.only_maker(operation.inputs[0]) if isinstance(operation, ScaleShift) else None
        if not isinstance(operation, ScaleShift) or not isinstance(maker, Convolution) or not _plain(maker, operation):
            left.append(operation)
            continue
        maker.window = _folded(maker.window, operation.scale, operation.shift)
        uses.absorb(maker, operation)
        maker.finish.low, maker.finish.high = operation.finish.low, operation.finish.high
    return left


def _plain(maker: Convolution, operation: ScaleShift) -> bool:
    """Whether the convolution's result reaches the scale unchanged, and nothing is added behind it."""
    return not maker.finish.clamps and maker.finish.residual is None and operation.finish.residual is None


def _folded(window: Window, scale: Array, shift: Array) -> Window:
    weight = window.weight.astype(np.float64) * scale[:, None, None, None, None]
    bias = window.bias.astype(np.float64) * scale + shift
    return Window(
        weight.astype(np.float32),
        bias.astype(np.float32),
        window.stride,
        window.padding,
        window.dilation,
        window.groups,
    )
