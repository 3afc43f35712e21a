"""One output element taken apart, against the value that the kernels computed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.engine.element import trace
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.spec.load import loads

HEADS = """
input: [4, 2, 2]
layers:
  - {name: shuffle, type: ChannelShuffle, groups: 2}
heads:
  aux: {from: shuffle, train_only: true, layers: {type: Conv2d, out_channels: 1, kernel_size: 1}}
  out: {from: shuffle, layers: {type: Conv2d, out_channels: 1, kernel_size: 1}}
"""


def traced(name: str, index: tuple[int, ...]):
    graph = loads(HEADS)
    return trace(graph, name, index, random_input(graph), random_weights(graph))


def test_an_element_of_a_head_after_one_that_is_not_run():
    element = traced("out", (0, 1, 1))
    assert element.bias is not None
    assert sum(patch.total for patch in element.patches) + element.bias == pytest.approx(element.value, rel=1e-5)


def test_a_head_that_is_not_run_has_no_elements():
    with pytest.raises(CnncalcError, match="E228"):
        traced("aux", (0, 0, 0))


def test_a_shuffled_channel_is_not_shown_as_the_one_in_its_place():
    assert traced("shuffle", (1, 0, 0)).patches == []


LAID = """
input: [4, 3, 2]
layers:
  - {name: up, type: ConvTranspose2d, out_channels: 6, kernel_size: [3, 2], stride: 2, padding: [1, 0], groups: 2}
  - {name: far, type: ConvTranspose2d, out_channels: 1, kernel_size: 3, stride: 2, dilation: 2, bias: false}
"""


def test_every_element_of_a_transposed_convolution_is_what_was_laid_onto_it():
    graph = loads(LAID)
    x, weights = random_input(graph), random_weights(graph)
    for node in graph.nodes:
        for index in product(*map(range, node.output_shape)):
            element = trace(graph, node.name, index, x, weights)
            total = sum(patch.total for patch in element.patches) + (element.bias or 0.0)
            assert total == pytest.approx(element.value, rel=1e-5, abs=1e-6)
            channels = node.input_shapes[0][0] // node.layer.groups
            assert len(element.patches) in (0, channels)
            assert all(sum(map(len, patch.window)) == sum(map(len, patch.kernel)) for patch in element.patches)
    # dilation and stride 2: what lies on odd places meets no tap
    assert trace(graph, "far", (0, 1, 0), x, weights).patches == []


def test_a_transposed_convolution_by_hand():
    """Inputs 1 2 / 3 4, kernel 1 0 2 / 0 3 0 / 4 0 5, 2 apart: in the middle all four meet, 1*5 + 2*4 + 3*2 + 4*1."""
    graph = loads("""
input: [1, 2, 2]
layers:
  - {name: up, type: ConvTranspose2d, out_channels: 1, kernel_size: 3, stride: 2, bias: false}
""")
    x = np.array([[[[1, 2], [3, 4]]]], np.float32)
    weights = {"up.weight": np.array([[[[1, 0, 2], [0, 3, 0], [4, 0, 5]]]], np.float32)}
    element = trace(graph, "up", (0, 2, 2), x, weights)
    assert element.value == 23
    assert [(patch.window, patch.kernel) for patch in element.patches] == [([[1, 2], [3, 4]], [[5, 4], [2, 1]])]
    assert trace(graph, "up", (0, 1, 3), x, weights).value == 2 * 3
    assert trace(graph, "up", (0, 0, 2), x, weights).value == 1 * 2 + 2 * 1


def test_an_interpolated_element_by_hand():
    """Twice as large, position 1 lies at 1/4: 3/4 of the nearer and 1/4 of the farther, on each axis."""
    graph = loads("input: [1, 2, 2]\nlayers:\n  - {name: up, type: Upsample, scale_factor: 2, mode: bilinear}\n")
    x = np.array([[[[0, 4], [8, 12]]]], np.float32)
    element = trace(graph, "up", (0, 1, 1), x, {})
    (patch,) = element.patches
    assert patch.window == [[0, 4], [8, 12]]
    assert patch.kernel == [[9 / 16, 3 / 16], [3 / 16, 1 / 16]]
    assert patch.total == element.value == 4 * 3 / 16 + 8 * 3 / 16 + 12 / 16
    (corner,) = trace(graph, "up", (0, 0, 3), x, {}).patches
    assert (corner.window, corner.kernel) == ([[4]], [[1]])


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_every_interpolated_element_adds_up(mode):
    graph = loads(
        f"input: [2, 5, 4]\nlayers:\n  - {{name: up, type: Upsample, scale_factor: [1.7, 0.6], mode: {mode}}}\n"
    )
    x = random_input(graph)
    for index in product(*map(range, graph.nodes[0].output_shape)):
        element = trace(graph, "up", index, x, {})
        assert element.patches[0].total == pytest.approx(element.value, abs=1e-5)
