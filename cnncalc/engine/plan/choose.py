"""Which algorithm computes each convolution."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.engine.kernels.convolution import DirectConvolution
from cnncalc.engine.kernels.depthwise import DepthwiseConvolution
from cnncalc.engine.kernels.narrow import NarrowConvolution, suits
from cnncalc.engine.kernels.winograd import WinogradConvolution, best
from cnncalc.engine.plan.convolving import Convolution
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.value import LANES


def choose(operations: Sequence[Operation]) -> list[Operation]:
    """Replace direct convolutions where depthwise, Winograd or narrow kernels are meant for the job."""
    return [_chosen(operation) if isinstance(operation, DirectConvolution) else operation for operation in operations]


def _chosen(direct: DirectConvolution) -> Convolution:
    window = direct.window
    if direct.prologue:
        return direct
    if direct.x.lanes == LANES and window.groups == direct.x.channels == direct.output.channels > 1:
        return _as(DepthwiseConvolution(direct.name, direct.x, direct.output, window, direct.finish), direct)
    tile = best(window, direct.x, direct.output) if direct.x.lanes == LANES else None
    if tile is not None:
        return _as(WinogradConvolution(direct.name, direct.x, direct.output, window, direct.finish, tile), direct)
    if direct.finish.residual is None and suits(window, direct.x, direct.output):
        return _as(NarrowConvolution(direct.name, direct.x, direct.output, window, direct.finish), direct)
    return direct


def _as(chosen: Convolution, direct: DirectConvolution) -> Convolution:
    chosen.covers = direct.covers
    return chosen
