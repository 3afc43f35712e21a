"""Static against executed, on random networks of every kind, and that a wrong static number does not pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.layers.base import argument_fields

SPECS = Path(__file__).parents[1] / "specs"


@pytest.mark.parametrize("spec", sorted(path.stem for path in (SPECS / "examples").glob("*.yaml")))
def test_the_examples_are_proven(spec):
    network = cnncalc.load(str(SPECS / "examples" / f"{spec}.yaml"))
    for how in ({"dtype": "float64"}, {"verify": True}):
        proof = cnncalc.run(network, **how)
        assert not proof.mismatches and proof.verified


sizes = st.integers(1, 4)


@st.composite
def windowed(draw):
    """Draw one convolution or pooling layer as a spec item."""
    kind = draw(st.sampled_from(["Conv2d", "Conv2d", "MaxPool2d", "AvgPool2d"]))
    kernel = [draw(sizes), draw(sizes)]
    item = f"type: {kind}, kernel_size: {kernel}, stride: {[draw(sizes), draw(sizes)]}"
    if kind == "Conv2d":
        pads = [[draw(st.integers(0, 2)), draw(st.integers(0, 2))] for _ in range(2)]
        groups = draw(st.sampled_from([1, 2]))
        mode = draw(st.sampled_from(["zeros", "zeros", "circular", "reflect", "replicate"]))
        item += f", out_channels: 4, padding: {pads}, groups: {groups}, dilation: {draw(st.integers(1, 3))}"
        item += f", padding_mode: {mode}"
    else:
        pads = [[draw(st.integers(0, k // 2)), draw(st.integers(0, k // 2))] for k in kernel]
        item += f", padding: {pads}, ceil_mode: {'true' if draw(st.booleans()) else 'false'}"
    return "{" + item + "}"


@st.composite
def networks(draw):
    """Draw a network of windowed layers, residual and concatenated branches, a gate, and a classifier."""
    lines = [f"input: [4, {draw(st.integers(6, 23))}, {draw(st.integers(6, 23))}]", "layers:"]
    lines += [f"  - {draw(windowed())}" for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        lines += ["  - ReLU", "  - type: Add", "    branches:", "      - []",
                  "      - [{type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}, BatchNorm2d]"]  # fmt: skip
    if draw(st.booleans()):
        lines += ["  - {name: map, type: Identity}", "  - {type: GlobalAvgPool2d}", "  - {name: gate, type: Sigmoid}",
                  "  - {type: Multiply, from: [map, gate]}"]  # fmt: skip
    if draw(st.booleans()):
        lines += [f"  - {{type: AdaptiveAvgPool2d, output_size: {draw(st.integers(1, 3))}}}"]
    if draw(st.booleans()):
        lines += ["  - Flatten", "  - {type: Linear, out_features: 3}"]
    return "\n".join(lines) + "\n"


@given(networks())
@settings(max_examples=120, deadline=None)
def test_random_networks_are_proven(text):
    try:
        network = cnncalc.loads(text)
    except CnncalcError:
        assume(False)
        return
    proof = cnncalc.run(network, batch=2, verify=True)
    assert not proof.mismatches, (text, proof.mismatches)


def lying(network, **lies):
    """Return the network with its first convolution stating something else than it does."""
    class_ = type(network.nodes[0].layer)
    liar = type("Liar", (class_,), lies)
    liar.__name__ = class_.__name__
    layer = liar(**{name: getattr(network.nodes[0].layer, name) for name in argument_fields(class_)})
    return replace(network, nodes=(replace(network.nodes[0], layer=layer), *network.nodes[1:]))


def test_a_wrong_count_is_told():
    network = cnncalc.load(str(SPECS / "lenet.yaml"))
    wrong = lying(network, quantities=lambda self, inputs, output: type(network.nodes[0].layer).quantities(
        self, inputs, output)._replace(mac=117_601))  # fmt: skip
    mismatches = cnncalc.run(wrong, verify=True).mismatches
    assert ("conv1", "MACs", 117_601, 117_600) in [(n, c.what, c.static, c.executed) for n, c in mismatches]


def test_a_wrong_window_is_told():
    network = cnncalc.load(str(SPECS / "lenet.yaml"))
    right = type(network.nodes[0].layer)

    def windows(self, inputs, output):
        relation = right.windows(self, inputs, output)[0]
        return [relation._replace(axes=(relation.axes[0]._replace(kernel=4), relation.axes[1]))]

    mismatches = cnncalc.run(lying(network, windows=windows), dtype="float64").mismatches
    assert {check.what for _, check in mismatches} >= {"receptive field (size, jump, start)", "input seen"}


def test_a_wrong_shape_or_tensor_is_told():
    network = cnncalc.load(str(SPECS / "lenet.yaml"))
    right = type(network.nodes[0].layer)
    extra = lying(network, parameters=lambda self, inputs: {**right.parameters(self, inputs), "scale": (6,)})
    stretched = replace(network, nodes=(*network.nodes[:-1], replace(network.nodes[-1], output_shape=(11,))))
    for how in ({}, {"verify": True}, {"dtype": "float64"}):
        assert ("conv1", "tensors") in [(name, check.what) for name, check in cnncalc.run(extra, **how).mismatches]
        told = cnncalc.run(stretched, **how).mismatches
        assert ("fc3", "output shape", (11,), (10,)) in [(name, *check[:3]) for name, check in told]


def test_too_large_a_run_is_refused_with_the_number():
    network = cnncalc.loads("input: [1, 1000000, 1000000]\nlayers: [ReLU]\n")
    with pytest.raises(CnncalcError) as caught:
        cnncalc.run(network)
    assert caught.value.diagnostics[0].is_limit
    assert "8,000,000,000,000" in str(caught.value) or "16,000,000,000,000" in str(caught.value)


def test_the_same_seed_gives_the_same_output():
    network = cnncalc.load(str(SPECS / "lenet.yaml"))
    first, second, other = (cnncalc.run(network, seed=seed).output for seed in (1, 1, 2))
    assert (first == second).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"x": np.zeros((2, 2))}, "the network takes 1x32x32"),
        ({"x": np.zeros((4, 1, 28, 28))}, r"cnncalc.load\(path, input_shape=\(1, 28, 28\)\)"),
        ({"x": np.zeros((32, 32))}, r"use x.reshape\(1, 32, 32\)"),
        ({"x": 0}, "the input is a single number"),
        ({"x": "digit"}, "not an array of numbers"),
        ({"weights": {"conv1.weight": np.zeros((6, 1, 5, 5))}}, "no tensor conv1.bias"),
        ({"dtype": "float16"}, "cannot compute in float16"),
        ({"seed": -1}, "0 or more"),
        ({"batch": 0}, "1 or more"),
        ({"threads": 0}, "threads must be 1 or more"),
        ({"repeat": 0}, "repeat must be 1 or more"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, said):
    with pytest.raises(CnncalcError, match=said):
        cnncalc.run(cnncalc.load(str(SPECS / "lenet.yaml")), **wrong)


def test_one_input_is_a_batch_of_one():
    network = cnncalc.load(str(SPECS / "lenet.yaml"))
    x = np.random.default_rng(0).random((1, 32, 32))
    assert (cnncalc.run(network, x=x).output == cnncalc.run(network, x=x[None]).output).all()
    assert cnncalc.run(network, x=x.tolist(), dtype="float64").output.shape == (1, 10)


UNET = """
input: [1, 24, 20]
layers:
  - {name: a, type: Conv2d, out_channels: 2, kernel_size: 3, padding: 1}
  - {name: p, type: MaxPool2d, kernel_size: 2}
  - {name: b, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}
  - {name: up, UP}
  - {name: crop, type: CenterCrop, from: [a, up]}
  - {name: join, type: Concat, from: [crop, up]}
  - {name: last, LAST}
"""
CONV = "type: Conv2d, out_channels: 2, kernel_size: 3"
"""By hand: b sees 3 + 1 + 2*2 = 8, its units 2 apart."""


@pytest.mark.parametrize(
    ("up", "last", "expected"),
    [
        # two units of up share one of b, so that three neighbours see two of b: 8 + 2
        ("type: ConvTranspose2d, out_channels: 2, kernel_size: 2, stride: 2", CONV, (10, 1, -3)),
        # each sees two of b: 8 + 2; three neighbours three of b: 8 + 2*2
        ("type: Upsample, scale_factor: 2, mode: bilinear", CONV, (12, 1, -5)),
        # half a position is one of the input's; each unit of the last sees one of b
        (
            "type: ConvTranspose2d, out_channels: 2, kernel_size: 2, stride: 2",
            "type: Upsample, scale_factor: 2",
            (8, "1/2", -3),
        ),
    ],
)
def test_what_units_of_a_finer_grid_see_is_measured(up, last, expected):
    proof = cnncalc.run(cnncalc.loads(UNET.replace("UP", up).replace("LAST", last)), dtype="float64")
    assert not proof.mismatches
    assert [(field.node, field.axis) for field in proof.fields] == [("last", 0), ("last", 1)]
    for field in proof.fields:
        size, jump, start = field.check.executed
        assert (size, str(jump), start) == (expected[0], str(expected[1]), expected[2])


def test_a_field_whose_phases_are_wrong_does_not_pass(monkeypatch):
    """Were each unit of a transposed convolution taken for one that sees as much as all others."""
    from cnncalc.layers.geometry import Spread

    text = "input: [1, 16]\nlayers:\n  - {type: ConvTranspose1d, out_channels: 1, kernel_size: 3, stride: 2}\n"
    assert not cnncalc.run(cnncalc.loads(text), verify=True).mismatches
    monkeypatch.setattr(Spread, "sees", lambda self, output: range(output // 2 - 2, output // 2 + 1))
    assert [name for name, _ in cnncalc.run(cnncalc.loads(text), verify=True).mismatches] == ["upconv1"]


ODD = {
    "a bicubic place on a position": ("[1, 7, 6]", [
        "{type: Upsample, size: [4, 14], mode: bicubic}", "{type: AdaptiveMaxPool2d, output_size: [6, 4]}"]),
    "cut off and padded again": ("[1, 6, 5, 4]", [
        "{type: ConvTranspose3d, out_channels: 1, kernel_size: [3, 3, 1], padding: 1}",
        "{type: ReplicationPad3d, padding: [2, 1, 0, 2, 2, 1]}"]),
    "padded by what lies opposite": ("[1, 4, 6]", [
        "{type: ConvTranspose2d, out_channels: 2, kernel_size: 2, stride: 2, padding: 2, output_padding: 1}",
        "{type: CircularPad2d, padding: [1, 2, 0, 2]}"]),
    "rows averaged, columns convolved": ("[2, 9, 12]", [
        "{type: Mean, dim: 2}", "{type: Conv1d, out_channels: 3, kernel_size: 3}",
        "{type: Upsample, scale_factor: 2, mode: linear}"]),
    "rows taken for channels": ("[2, 9, 12]", [
        "{type: Flatten, start_dim: 1, end_dim: 2}", "{type: Conv1d, out_channels: 3, kernel_size: 3, stride: 2}"]),
    "a window along two axes": ("[1, 8, 9]", [
        "{type: Flatten, start_dim: 2}", "{type: Conv1d, out_channels: 3, kernel_size: 4, stride: 2}"]),
    "groups of features": ("[1, 8, 6]", ["Flatten", "{type: GroupNorm, num_groups: 6}"]),
    "statistics, and units in the padding": ("[1, 4]", [
        "LayerNorm", "{type: ZeroPad1d, padding: [2, 0]}", "Flatten"]),
}  # fmt: skip
"""Networks on which what was stated of a unit was once not what it sees."""


@pytest.mark.parametrize("case", ODD)
def test_what_units_see_is_proven_in_odd_places_too(case):
    shape, layers = ODD[case]
    text = f"input: {shape}\nlayers:\n" + "".join(f"  - {one}\n" for one in layers)
    proof = cnncalc.run(cnncalc.loads(text), verify=True)
    assert not proof.mismatches
    assert proof.units


@pytest.mark.parametrize(
    ("text", "bounded"),
    [
        # every other unit of up lies between the inputs along one axis, and sees nothing along the other either
        ("""
input: [1, 12, 12]
layers:
  - {name: a, type: Conv2d, out_channels: 1, kernel_size: 1}
  - {name: p, type: MaxPool2d, kernel_size: 2}
  - {name: b, type: Conv2d, out_channels: 2, kernel_size: 5, padding: 2}
  - {name: up, type: ConvTranspose2d, out_channels: 1, kernel_size: 2, stride: 2, dilation: 2, padding: 1,
     output_padding: 1}
  - {name: join, type: Add, from: [a, up]}
""", False),
        # no unit of the only row of n0 sees more than padding, and a longer input would not make the paths meet
        ("""
input: [2, 1, 5]
layers:
  - {name: a, type: Conv2d, out_channels: 1, kernel_size: 2, stride: [3, 1], padding: [2, 1], dilation: [3, 2]}
  - {name: join, type: Concat, from: [input, a]}
""", True),
        # the middle row of up lies between its inputs
        ("""
input: [2, 3, 8]
layers:
  - {name: mean, type: GlobalAvgPool2d}
  - {name: wide, type: AdaptiveAvgPool2d, output_size: [1, 4]}
  - {name: up, type: ConvTranspose2d, out_channels: 2, kernel_size: [2, 1], stride: [3, 2], dilation: [2, 1],
     output_padding: [0, 1]}
  - {name: join, type: Concat, from: [up, input]}
  - {name: middle, type: CenterCrop, from: [join, mean]}
""", True),
        # channels and rows in one, averaged column-wise: a feature is one row of one channel
        ("""
input: [1, 6, 3]
layers:
  - {name: mean, type: Mean, dim: 3, keepdim: true}
  - {name: lines, type: Flatten, start_dim: 1, end_dim: 2}
  - {name: end, type: Mean, dim: 2}
""", True),
        # the only unit of a, shared by all, sees one position in padding: no unit of the product sees all three
        ("""
input: [1, 3]
layers:
  - {name: a, type: Conv1d, out_channels: 1, kernel_size: 3, stride: 2, padding: 2, dilation: 3}
  - {name: b, type: ConvTranspose1d, out_channels: 1, kernel_size: 2, stride: 2, padding: 1, dilation: 3,
     output_padding: 1}
  - {name: sum, type: Add, from: [input, b]}
  - {name: scaled, type: Multiply, from: [a, sum]}
  - {name: end, type: MaxPool1d, kernel_size: 3, stride: 3, padding: 1}
""", True),
        # the crop cuts off more of a longer input
        ("""
input: [2, 3]
layers:
  - {type: Upsample, scale_factor: 2, mode: linear, name: up}
  - {type: CenterCrop, from: [up, input]}
""", False),
        # a window that meets nothing but padding: the maximum of nothing, times nothing
        ("""
input: [1, 3, 1]
layers:
  - {name: p, type: MaxPool2d, kernel_size: 2, stride: [2, 3], padding: [0, 1], dilation: 2}
  - {name: scaled, type: Multiply, from: [input, p]}
""", False),
        # a window over two neighbours of a flattened map sees the end of one row and the start of the next
        ("""
input: [1, 8, 9]
layers:
  - {type: Flatten, start_dim: 2}
  - {type: Conv1d, out_channels: 3, kernel_size: 4, stride: 2}
  - {type: Conv1d, out_channels: 3, kernel_size: 3, dilation: 4}
""", False),
        # channels laid end to end with rows are no longer one a map, and meet a convolution of them
        ("""
input: [1, 2, 4, 3]
layers:
  - {name: laid, type: Flatten, start_dim: 1, end_dim: 2}
  - {name: conv, type: Conv2d, out_channels: 2, kernel_size: 3, padding: 1}
  - {type: Add, from: [laid, conv]}
""", False),
    ],
)  # fmt: skip
def test_where_what_is_stated_is_a_bound_what_is_measured_lies_within(text, bounded):
    proof = cnncalc.run(cnncalc.loads(text), dtype="float64")
    assert not proof.mismatches
    assert any(check.bounded for _, check in proof.checks) is bounded


def test_a_bound_that_does_not_hold_is_told():
    from cnncalc.verify.checks import Check

    assert not Check("input seen", ((0, 3),), ((0, 4),)).agrees
    assert not Check("input seen", ((0, 3),), ((0, 2),)).agrees


def test_the_gallery_states_what_is_seen_exactly():
    """What is followed back from a middle unit never grows to more boxes than are followed."""
    from cnncalc.analysis.window import view

    for path in sorted(SPECS.glob("*.yaml")):
        network = cnncalc.load(str(path))
        for node in network.nodes[-1], network.nodes[len(network.nodes) // 2]:
            place = tuple(size // 2 for size in node.output_shape[1:] or node.output_shape)
            assert view(network, node.name, place).exact, (path.stem, node.name)


RESIDUAL = """
input: [3, 12, 12]
layers:
  - {name: conv, type: Conv2d, out_channels: 20, kernel_size: 3, padding: 1}
  - {name: norm, type: BatchNorm2d}
  - {name: relu, type: ReLU}
  - {name: back, type: Conv2d, out_channels: 20, kernel_size: 1}
  - {name: sum, type: Add, from: [relu, back]}
  - {name: drop, type: Dropout}
  - {name: flat, type: Flatten}
  - {name: fc, type: Linear, out_features: 4}
"""


def test_without_verify_only_what_was_executed_is_checked():
    proof = cnncalc.run(cnncalc.loads(RESIDUAL), repeat=4, threads=1)
    assert not proof.verified and not proof.units and not proof.fields and proof.peak is None and proof.error is None
    assert {check.what for _, check in proof.checks} == {"output shape", "tensors", "memory of the plan"}
    assert len(proof.layers) == 8 and all(layer.shape and layer.macs is None for layer in proof.layers)
    assert len(proof.engine.seconds) == 4 and proof.engine.threads == 1 and not proof.engine.fallbacks
    assert min(proof.engine.seconds) <= proof.seconds <= max(proof.engine.seconds)


def test_layers_that_are_part_of_others_say_of_which():
    ran = {layer.node.name: layer.ran for layer in cnncalc.run(cnncalc.loads(RESIDUAL)).layers}
    assert (ran["conv"].within, ran["norm"].within, ran["back"].within) == ("relu", "relu", "sum")
    assert ran["relu"].kind == ran["sum"].kind == ran["fc"].kind == "DirectConvolution"
    assert ran["drop"] == ran["flat"] == ("", "")


def test_each_result_is_compared_with_the_definitions_in_float64():
    proof = cnncalc.run(cnncalc.loads(RESIDUAL), verify=True, batch=3)
    errors = {layer.node.name: layer.error for layer in proof.layers}
    assert [name for name, error in errors.items() if error is None] == ["conv", "norm", "back"]
    assert all(0 < error.executed < 2e-6 for error in errors.values() if error)
    assert 0 < proof.error.executed < 2e-6
    x = random_input(cnncalc.loads(RESIDUAL), 3)
    exact = cnncalc.run(cnncalc.loads(RESIDUAL), x=x, dtype="float64")
    largest = np.abs(exact.output).max()
    assert np.abs(proof.output - exact.output).max() / largest == pytest.approx(proof.error.executed, rel=1e-3)


def test_a_kernel_that_computes_something_else_is_found_out(monkeypatch):
    from cnncalc.engine.kernels import elementwise

    wrong = elementwise.KINDS["leaky_relu"]
    monkeypatch.setitem(elementwise.KINDS, "elu", wrong)
    network = cnncalc.loads("input: [2, 5, 5]\nlayers: [{type: ELU, name: a}, {type: Tanh, name: b}]\n")
    assert not cnncalc.run(network).mismatches
    told = {(name, check.what) for name, check in cnncalc.run(network, verify=True).mismatches}
    assert told == {("a", "relative error"), ("b", "relative error"), ("network", "relative error")}


def test_every_output_is_handed_over_whatever_the_plan_would_join():
    network = cnncalc.loads(RESIDUAL)
    found, exact = {}, {}
    fast = cnncalc.run(network, batch=2, on_output=found.__setitem__)
    cnncalc.run(network, batch=2, dtype="float64", on_output=exact.__setitem__)
    assert fast.engine.apart
    assert list(found) == list(exact) == [node.name for node in network.nodes]
    for name, array in found.items():
        assert array.dtype == np.float32 and array.shape == exact[name].shape
        np.testing.assert_allclose(array, exact[name], rtol=0, atol=2e-6 * np.abs(exact[name]).max())


def test_a_profile_has_a_row_an_operation():
    proof = cnncalc.run(cnncalc.loads(RESIDUAL), profile=True)
    profile = proof.engine.profile
    assert [one.name for one in profile] == ["input", "conv", "back", "fc", "fc"]
    assert profile[1].covers == ("conv", "norm", "relu") and profile[2].covers == ("back", "sum")
    assert sum(one.macs for one in profile) == proof.report.totals.macs
    assert all(one.seconds > 0 and one.nbytes > 0 and one.peak > 1e8 for one in profile)
    assert profile[1].share_of_peak == pytest.approx(profile[1].macs / profile[1].seconds / profile[1].peak)


CANCELLING = """
input: [8, 40, 40]
layers:
  - {name: large, type: Conv2d, out_channels: 32, kernel_size: 3}
  - {name: clamped, type: ReLU6}
  - {name: after, type: Conv2d, out_channels: 4, kernel_size: 1}
"""


def test_what_float32_cannot_hold_any_better_is_no_disagreement(monkeypatch):
    """ReLU6 keeps only what is small of sums of numbers as large as 1e4: rounding is a large share of that."""
    network = cnncalc.loads(CANCELLING)
    weights = random_weights(network)
    weights["large.weight"] = weights["large.weight"] * np.float32(3e4)
    proof = cnncalc.run(network, weights=weights, verify=True)
    clamped = next(layer.error for layer in proof.layers if layer.node.name == "clamped")
    assert clamped.executed > 1e-4 and proof.error.executed > 1e-5, "float32 is good enough, so this shows nothing"
    assert not proof.mismatches and clamped.bounded and proof.error.bounded
    monkeypatch.setattr("cnncalc.verify.fast.ROUNDING", 0)
    told = {(name, check.what) for name, check in cnncalc.run(network, weights=weights, verify=True).mismatches}
    assert told == {("clamped", "relative error"), ("after", "relative error"), ("network", "relative error")}
