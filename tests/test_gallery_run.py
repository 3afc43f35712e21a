"""The gallery is run: its shapes, tensors, MACs, receptive fields and peak memory are what happens.

The fast engine computes the same outputs, however it is compiled, and has a kernel for every layer.
Where torchvision has the network, its outputs are torchvision's for the same weights (data/make_torchvision.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnncalc
from cnncalc.engine.compiled import Engine
from cnncalc.engine.plan.assemble import lay_out
from cnncalc.engine.plan.plan import plan
from cnncalc.engine.plan.shapes import executed_shapes
from cnncalc.engine.tensors import random_input, random_weights, tensor_shapes
from cnncalc.graph import Graph

SPECS = Path(__file__).parents[1] / "specs"
EXPECTED = np.load(Path(__file__).parent / "data" / "torchvision.npz")

# On smaller inputs than their own, so that it is quick; some networks' windows need larger ones than others.
PROVEN: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "lenet": ((1, 32, 32), {}),
    "lenet_1998": ((1, 32, 32), {}),
    "zfnet": ((3, 64, 64), {}),
    "nin": ((1, 127, 127), {}),
    "googlenet": ((3, 64, 64), {}),
    "inception_v3": ((3, 96, 96), {}),
    "resnet18": ((3, 64, 64), {}),
    "resnet34": ((3, 64, 64), {}),
    "resnet50": ((3, 64, 64), {}),
    "densenet121": ((3, 64, 64), {"growth": 12}),
    "convnext_tiny": ((3, 32, 32), {}),
    "squeezenet1_0": ((3, 96, 96), {}),
    "squeezenet1_1": ((3, 96, 96), {}),
    "mobilenet_v1": ((3, 64, 64), {}),
    "mobilenet_v2": ((3, 64, 64), {}),
    "mobilenet_v3_large": ((3, 64, 64), {}),
    "mobilenet_v3_small": ((3, 64, 64), {}),
    "shufflenet_v1": ((3, 64, 64), {}),
    "shufflenet_v2_x1_0": ((3, 64, 64), {}),
    "efficientnet_b0": ((3, 64, 64), {}),
    "unet": ((1, 188, 188), {"width": 4}),
    "m18": ((1, 3200), {}),
    "r3d_18": ((3, 4, 16, 16), {}),
}

ROUNDED = {"mobilenet_v2", "mobilenet_v3_large"}
"""Their random weights blow up rounding: the definitions in float32 are up to 0.9e-5 from those in float64 as well."""

# These have no layer type and no wiring that those above have not, and take long: `cnncalc run SPEC --input 3x32x32`.
SLOW = {
    *("alexnet", "vgg11", "vgg13", "vgg16", "vgg16_bn", "vgg19", "c3d"),
    *("resnet50_stride_in_1x1", "resnet101", "resnet152", "densenet169"),
}


def test_every_network_is_run_or_known_to_be_slow() -> None:
    assert sorted([*PROVEN, *SLOW]) == sorted(path.stem for path in SPECS.glob("*.yaml"))


def network_of(name: str) -> Graph:
    shape, settings = PROVEN[name]
    text = (SPECS / f"{name}.yaml").read_text(encoding="utf-8")
    if name == "inception_v3":
        text = text.partition("heads:")[0]  # its head fits no input much smaller than its own, and is not run
    return cnncalc.loads(text, input_shape=shape, settings=settings)


@pytest.mark.parametrize("name", PROVEN)
def test_the_gallery_is_proven(name: str) -> None:
    network = network_of(name)
    proof = cnncalc.run(network, dtype="float64")
    assert not proof.mismatches
    assert len(proof.layers) == len(network.executed)
    assert proof.fields, "no receptive field was measured"
    assert np.isfinite(proof.output).all()
    if name in EXPECTED:
        difference = np.abs(proof.output.reshape(EXPECTED[name].shape) - EXPECTED[name])
        assert difference.max() <= 1e-12 * np.abs(EXPECTED[name]).max()
    for fused, keep, threads, batch in ((True, False, 2, 3), (True, True, 1, 1), (False, True, 2, 1)):
        check_engine(name, network, proof, fused=fused, keep=keep, threads=threads, batch=batch)


def check_engine(
    name: str, network: Graph, proof: cnncalc.Proof, *, fused: bool, keep: bool, threads: int, batch: int
) -> None:
    """The fast engine's outputs for the input of the proof, which lies among others."""
    x = np.random.default_rng(1).standard_normal((batch, *network.input_shape))
    x[batch // 2] = random_input(network, 1, 0, "float64")[0]
    with Engine(network, random_weights(network), batch, threads, fused=fused, keep=keep) as engine:
        assert not engine.fallbacks
        outputs = engine.run(x)
    assert list(outputs) == list(proof.outputs)
    for output, found in outputs.items():
        error = np.abs(found[batch // 2] - proof.outputs[output][0]).max()
        largest = np.abs(proof.outputs[output]).max()
        assert error <= (2e-5 if name in ROUNDED else 1e-5) * largest, (fused, keep, threads, batch, output)


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.yaml")))
def test_every_network_has_a_plan_without_fallbacks_whose_shapes_and_memory_are_as_stated(name: str) -> None:
    network = cnncalc.load(str(SPECS / f"{name}.yaml"))
    nothing = {full: np.broadcast_to(np.float32(0), shape) for full, shape in tensor_shapes(network).items()}
    made = plan(network, nothing, 1)
    assert not made.fallbacks
    shapes = executed_shapes(made)
    without = {node.type for node in network.executed if node.name not in shapes}
    assert without <= {"Concat", "ChannelShuffle"}, "only a shuffle is done by whoever reads it"
    assert all(shapes.get(node.name, node.output_shape) == node.output_shape for node in network.executed)
    layout = lay_out(made.operations)
    assert layout.arena_bytes == layout.predicted_bytes
