"""Transposed convolution against the definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from alone import run_alone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from weighted import check, check_node, check_samples, node_of, numbers

from cnncalc.engine.kernels.transposed import TransposedConvolution
from cnncalc.engine.plan.convolving import Finish, Window
from cnncalc.engine.plan.value import Value
from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.layers.base import LayerError


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_all_forms_of_the_arguments(rank):
    check_samples(f"ConvTranspose{rank}d")


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.data())
def test_it_computes_the_definition(data):
    groups = data.draw(st.sampled_from([1, 1, 2, 3]))
    kernel, stride, dilation, padding = (
        data.draw(st.lists(st.integers(low, high), min_size=2, max_size=2))
        for low, high in ((1, 4), (1, 3), (1, 2), (0, 3))
    )
    arguments = {
        "out_channels": groups * data.draw(st.integers(1, 40 // groups)),
        "kernel_size": kernel,
        "stride": stride,
        "dilation": dilation,
        "padding": padding,
        "output_padding": [data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)],
        "groups": groups,
    }
    shape = (
        groups * data.draw(st.integers(1, 40 // groups)),
        data.draw(st.integers(1, 6)),
        data.draw(st.integers(1, 6)),
    )
    try:
        node = node_of("ConvTranspose2d", shape, arguments)
    except LayerError:
        return  # the padding cuts off all of the output
    check_node(node, data.draw(st.integers(1, 2)), threads=data.draw(st.integers(1, 2)))


def test_it_adds_a_residual_and_clamps():
    rng = np.random.default_rng(2)
    node = node_of("ConvTranspose2d", (20, 4, 5), {"out_channels": 35, "kernel_size": 3, "stride": 2})
    weight, bias = numbers(rng, 20, 35, 3, 3), numbers(rng, 35)
    x, residual = numbers(rng, 2, 20, 4, 5), numbers(rng, 2, *node.output_shape)
    doubles = {"layer.weight": weight.astype(np.float64), "layer.bias": bias.astype(np.float64)}
    wanted = OPERATIONS[node.type](node.layer, [x.astype(np.float64)], Tensors(doubles, "layer")).output + residual
    window = Window(weight.swapaxes(0, 1)[:, :, None], bias, stride=(1, 2, 2))

    def make(value: Value, beside: Value) -> TransposedConvolution:
        return TransposedConvolution("up", value, Value("y", node.output_shape, 2), window, Finish(0.0, 6.0, beside))

    check(run_alone(make, [x, residual]), np.clip(wanted, 0, 6), np.abs(wanted).max())
