"""Random geometry: what runs must be what the static rules say, and the measured field what brute force finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import build
from test_probe import brute_force

from cnncalc.analysis.window import window
from cnncalc.engine.probe import measure
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.layers import layer_type
from cnncalc.layers.base import LayerError, create

small = st.integers(1, 4)
pair = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(list)


@st.composite
def convolutions(draw, axes):
    groups = draw(st.integers(1, 3))
    return groups * draw(st.integers(1, 2)), {
        "out_channels": groups * draw(st.integers(1, 2)),
        "kernel_size": [draw(small) for _ in range(axes)],
        "stride": [draw(small) for _ in range(axes)],
        "dilation": [draw(small) for _ in range(axes)],
        "padding": [draw(pair) for _ in range(axes)],
        "padding_mode": draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
        "groups": groups,
        "bias": draw(st.booleans()),
    }


@st.composite
def poolings(draw, axes):
    kind = draw(st.sampled_from(["MaxPool", "AvgPool"]))
    arguments = {
        "kernel_size": [draw(small) for _ in range(axes)],
        "stride": [draw(small) for _ in range(axes)],
        "padding": [[draw(st.integers(0, 2)), draw(st.integers(0, 2))] for _ in range(axes)],
        "ceil_mode": draw(st.booleans()),
    }
    if kind == "MaxPool":
        arguments["dilation"] = draw(small)
    return f"{kind}{axes}d", arguments


@st.composite
def transposed(draw, axes):
    groups = draw(st.integers(1, 3))
    stride, dilation = draw(small), draw(small)
    return groups * draw(st.integers(1, 2)), {
        "out_channels": groups * draw(st.integers(1, 2)),
        "kernel_size": [draw(small) for _ in range(axes)],
        "stride": stride,
        "dilation": dilation,
        "padding": [draw(st.integers(0, 3)) for _ in range(axes)],
        "output_padding": [draw(st.integers(0, max(stride, dilation) - 1)) for _ in range(axes)],
        "groups": groups,
        "bias": draw(st.booleans()),
    }


@st.composite
def upsamplings(draw, axes):
    mode = draw(st.sampled_from(["nearest", ("linear", "bilinear", "trilinear")[axes - 1]]))
    corners = mode != "nearest" and draw(st.booleans())
    if draw(st.booleans()):
        return {"size": [draw(st.integers(1, 9)) for _ in range(axes)], "mode": mode, "align_corners": corners}
    factor = draw(st.sampled_from([0.4, 0.5, 1, 1.3, 2, 2.5, 3]))
    recomputed = draw(st.booleans())
    return {"scale_factor": factor, "mode": mode, "align_corners": corners, "recompute_scale_factor": recomputed}


def fits(kind, arguments, shape):
    try:
        create(layer_type(kind), arguments).output_shape([shape])
    except LayerError:
        return False
    return True


def agrees_with_execution(graph):
    ran = execute(graph, random_input(graph, 2), random_weights(graph))
    for node, step in zip(graph.nodes, ran.steps, strict=True):
        static = node.layer.quantities(node.input_shapes, node.output_shape)
        assert step.shape == node.output_shape
        assert (step.mac, step.padded_mac) == (static.mac, static.padded_mac)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.data())
def test_convolutions(data):
    axes = data.draw(st.integers(1, 3))
    channels, arguments = data.draw(convolutions(axes))
    shape = (channels, *(data.draw(st.integers(1, 9)) for _ in range(axes)))
    if fits(f"Conv{axes}d", arguments, shape):
        agrees_with_execution(build(shape, ("c", f"Conv{axes}d", arguments)))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_transposed_convolutions(data):
    axes = data.draw(st.integers(1, 3))
    channels, arguments = data.draw(transposed(axes))
    shape = (channels, *(data.draw(st.integers(1, 5)) for _ in range(axes)))
    if fits(f"ConvTranspose{axes}d", arguments, shape):
        agrees_with_execution(build(shape, ("c", f"ConvTranspose{axes}d", arguments)))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_what_finer_grids_see(data):
    """Each unit of each layer, measured by marking every input position, is what the exact sets say."""
    shape = (1, data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4)))
    lines = []
    for number in range(3):
        current = build(shape, *lines).nodes[-1].output_shape if lines else shape
        kind = data.draw(st.sampled_from(["ConvTranspose2d", "Upsample", "Conv2d"]))
        if kind == "Upsample":
            arguments = data.draw(upsamplings(2))
        else:
            _, arguments = data.draw(transposed(2) if kind == "ConvTranspose2d" else convolutions(2))
            arguments |= {"groups": 1, "out_channels": 1}
        if fits(kind, arguments, current) and max(create(layer_type(kind), arguments).output_shape([current])) < 30:
            lines.append((f"n{number}", kind, arguments))
    if lines:
        graph = build(shape, *lines)
        for name, units in brute_force(graph).items():
            assert {position: window(graph, name, position) for position in units} == units


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.data())
def test_poolings(data):
    axes = data.draw(st.integers(1, 3))
    kind, arguments = data.draw(poolings(axes))
    shape = (2, *(data.draw(st.integers(1, 9)) for _ in range(axes)))
    if fits(kind, arguments, shape):
        agrees_with_execution(build(shape, ("p", kind, arguments)))


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.data())
def test_measured_fields(data):
    shape = (1, data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)))
    lines = []
    for number in range(3):
        current = build(shape, *lines).nodes[-1].output_shape if lines else shape
        if data.draw(st.booleans()):
            _, arguments = data.draw(convolutions(2))
            kind, arguments = "Conv2d", arguments | {"groups": 1}
        else:
            kind, arguments = data.draw(poolings(2))
        if fits(kind, arguments, current):
            lines.append((f"n{number}", kind, arguments))
    if not lines:
        return
    graph = build(shape, *lines)
    expected = brute_force(graph)
    found = measure(graph, {name: list(units) for name, units in expected.items()})
    assert {name: dict(zip(units, found[name], strict=True)) for name, units in expected.items()} == expected


def test_the_strategies_reach_what_they_should():
    """Most draws must fit, or the tests above prove little."""
    tried, fitted = [], []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def count(data):
        channels, arguments = data.draw(convolutions(2))
        shape = (channels, data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)))
        tried.append(1)
        fitted.append(fits("Conv2d", arguments, shape))

    count()
    assert np.mean(fitted) > 0.3
