"""Each layer type's loops: against the static rules over all samples, and against PyTorch's own values."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from networks import build

from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import create

SAMPLES = [(name, number, sample) for name in LAYERS for number, sample in enumerate(layer_type(name).samples())]
IDS = [f"{name}/{number}" for name, number, _ in SAMPLES]

with np.load(Path(__file__).parent.parent / "data" / "pytorch.npz") as stored:
    PYTORCH = dict(stored)
MADE_FROM = json.loads(str(PYTORCH["specs"]))


def run_sample(name, sample, inputs, weights):
    """Return (layer, what the operation did, the tensors it took) for a batch of inputs."""
    layer = create(layer_type(name), sample.arguments)
    tensors = Tensors({f"node.{short}": tensor for short, tensor in weights.items()}, "node")
    return layer, OPERATIONS[name](layer, inputs, tensors), tensors.taken


def drawn(key, shape):
    """Return the values PyTorch was given, as make_pytorch.py drew them."""
    start = zlib.crc32(key.encode()) % len(PYTORCH["pool"])
    return np.resize(np.roll(PYTORCH["pool"], -start), shape)


def tensor(key, short, shape):
    values = drawn(f"{key}/{short}", shape)
    return abs(values) + 0.5 if short == "running_var" else values


def test_every_layer_type_has_an_operation():
    assert list(OPERATIONS) == list(LAYERS)


@pytest.mark.parametrize(("name", "number", "sample"), SAMPLES, ids=IDS)
def test_execution_agrees_with_the_static_facts(name, number, sample):
    layer = create(layer_type(name), sample.arguments)
    shapes = layer.parameters(sample.inputs) | layer.buffers(sample.inputs)
    weights = {short: np.ones(shape, np.float32) for short, shape in shapes.items()}
    inputs = [np.ones((3, *shape), np.float32) for shape in sample.inputs]
    _, done, taken = run_sample(name, sample, inputs, weights)
    output = layer.output_shape(sample.inputs)
    static = layer.quantities(sample.inputs, output)
    assert done.output.shape == (3, *output)
    assert done.output.dtype == np.float32
    assert (done.real + done.padded, done.padded) == (3 * static.mac, 3 * static.padded_mac)
    assert taken == shapes
    assert not any(np.may_share_memory(done.output, x) for x in inputs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "number", "sample"), SAMPLES, ids=IDS)
def test_values_are_pytorchs(name, number, sample, dtype):
    key = f"{name}/{number}"
    if key not in MADE_FROM:
        assert name.startswith("AvgPool"), (
            "run tests/data/make_pytorch.py"
        )  # it cannot pad one side and leave it uncounted
        return
    assert MADE_FROM[key] == json.loads(json.dumps(sample._asdict())), "run tests/data/make_pytorch.py"
    layer = create(layer_type(name), sample.arguments)
    shapes = layer.parameters(sample.inputs) | layer.buffers(sample.inputs)
    weights = {short: tensor(key, short, shape).astype(dtype) for short, shape in shapes.items()}
    inputs = [drawn(f"{key}/input{i}", (2, *shape)).astype(dtype) for i, shape in enumerate(sample.inputs)]
    _, done, _ = run_sample(name, sample, inputs, weights)
    scale = max(1.0, float(abs(PYTORCH[key]).max()))
    np.testing.assert_allclose(done.output, PYTORCH[key], rtol=2e-5, atol=2e-6 * scale)


def test_pytorch_checked_every_type():
    assert {key.split("/")[0] for key in MADE_FROM} == set(LAYERS)
    assert len(SAMPLES) - len(MADE_FROM) <= 3


@pytest.mark.parametrize("name", LAYERS)
def test_nan_goes_through(name):
    """A NaN in any input reaches the output, as torch propagates it; the dependency probes rest on this."""
    sample = layer_type(name).samples()[0]
    layer = create(layer_type(name), sample.arguments)
    shapes = layer.parameters(sample.inputs) | layer.buffers(sample.inputs)
    weights = {short: np.ones(shape, np.float32) for short, shape in shapes.items()}
    for marked in range(len(sample.inputs)):
        inputs = [np.ones((1, *shape), np.float32) for shape in sample.inputs]
        inputs[marked][(0, 0, *(size // 2 for size in sample.inputs[marked][1:]))] = np.nan
        _, done, _ = run_sample(name, sample, inputs, weights)
        assert np.isnan(done.output).any()


def test_cross_correlation_worked_by_hand():
    # 1*1 + 2*0 + 4*0 + 5*(-1) = -4, and so everywhere: the kernel is not flipped.
    graph = build((1, 3, 3), ("conv", "Conv2d", {"out_channels": 1, "kernel_size": 2, "bias": False}))
    x = np.arange(1, 10, dtype=np.float32).reshape(1, 1, 3, 3)
    weight = np.array([[[[1, 0], [0, -1]]]], np.float32)
    ran = execute(graph, x, {"conv.weight": weight})
    assert ran.outputs["conv"].tolist() == [[[[-4, -4], [-4, -4]]]]
    assert ran.steps[0].mac == 16  # 4 outputs, 4 products each


def test_published_ceil_mode_sizes():
    # (n, k, s, p) -> size, from PyTorch: 9,4,4,2 -> 3; 5,2,2,1 -> 3; 32,1,2,0 -> 16; 112,3,2,0 -> 56.
    for (n, k, s, p), size in {(9, 4, 4, 2): 3, (5, 2, 2, 1): 3, (32, 1, 2, 0): 16, (112, 3, 2, 0): 56}.items():
        arguments = {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": True}
        graph = build((1, n), ("pool", "MaxPool1d", arguments))
        assert execute(graph, np.zeros((1, 1, n), np.float32), {}).steps[0].shape == (1, size)


def test_softmax_survives_large_inputs():
    graph = build((3,), ("s", "Softmax", {}), ("t", "LogSoftmax", {}, ["input"]))
    x = np.array([[1e30, -1e30, 1e30]], np.float32)
    seen = {}
    execute(graph, x, {}, after_step=lambda step, output: seen.update({step.node.name: output}))
    assert seen["s"].tolist() == [[0.5, 0.0, 0.5]]
    assert np.isfinite(seen["t"]).all()
    assert random_weights(graph) == {}
    assert random_input(graph, 4).shape == (4, 3)
