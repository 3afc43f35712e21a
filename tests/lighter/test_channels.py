"""Channels cut in the graph, against the original network whose cut channels are set to zero after each layer.

The oracle slices no weight: it runs the original, and zeroes there what the lighter network is said not to have. Where
the channels that stay are then the same in every layer of both, each index is right.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import cnncalc
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.graph import INPUT
from cnncalc.layers import LAYERS, layer_type
from cnncalc.lighter import lighten, read_wishes
from cnncalc.lighter.rules import RULES
from cnncalc.spec.write import network_text
from cnncalc.verify.lighter import effect, prepare, run_lighter, run_original

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path.stem for path in SPECS.glob("*.yaml"))


def network(spec: dict) -> cnncalc.graph.Graph:
    return cnncalc.loads(json.dumps(spec))


def hold_against_zeroed(graph, wishes, batch=2):
    """Run both, compare every layer on the channels that stay, and return the lighter network."""
    weights = random_weights(graph, 1, "float64")
    x = random_input(graph, batch, 1, "float64")
    prepared = prepare(graph, wishes, weights, batch=batch, dtype="float64")
    kept = prepared.lightened.kept
    zeroed: dict[str, np.ndarray] = {}

    def zero(step, output):
        gone = sorted(set(range(output.shape[1])) - set(kept[step.node.name]))
        output[:, gone] = 0
        zeroed[step.node.name] = output[:, list(kept[step.node.name])].copy()

    def compare(step, output):
        np.testing.assert_allclose(output, zeroed[step.node.name], rtol=1e-9, atol=1e-9, err_msg=step.node.name)

    execute(graph, x, weights, after_step=zero)
    proof = run_lighter(prepared, x, after=compare)
    assert not proof.mismatches
    return prepared.lightened


def test_every_type_has_a_rule_and_no_rule_is_for_nothing():
    assert sorted(RULES) == sorted(LAYERS)


def sample_network(kind: str, arguments: dict, inputs: tuple) -> dict:
    """A layer between convolutions that make its inputs, of channels that can be cut, and one that reads its output."""
    rank = len(inputs[0])
    axes = max(1, rank - 1)
    layers: list[dict] = []
    for at, shape in enumerate(inputs):
        if rank == 1:
            layers += [
                {"name": f"flat{at}", "type": "Flatten", "from": "input"},
                {"name": f"make{at}", "type": "Linear", "out_features": shape[0]},
            ]
        else:
            sizes = {"name": f"size{at}", "type": f"AdaptiveAvgPool{axes}d", "output_size": [*shape[1:]]}
            make = {"name": f"make{at}", "type": f"Conv{axes}d", "out_channels": shape[0], "kernel_size": 1}
            layers += [{**sizes, "from": "input"}, make]
    names = [f"make{at}" for at in range(len(inputs))]
    layers.append({"name": "tried", "type": kind, "from": names if len(names) > 1 else names[0], **arguments})
    given = network({"input": [2, *(5,) * axes], "layers": layers})
    if len(given.nodes[-1].output_shape) == 1:
        layers.append({"name": "read", "type": "Linear", "out_features": 3})
    else:
        after = len(given.nodes[-1].output_shape) - 1
        layers.append({"name": "read", "type": f"Conv{after}d", "out_channels": 3, "kernel_size": 1})
    return {"input": [2, *(5,) * axes], "layers": layers}


@pytest.mark.parametrize("kind", LAYERS)
def test_each_sample_of_each_type_follows_its_channels(kind):
    for sample in layer_type(kind).samples():
        graph = network(sample_network(kind, sample.arguments, sample.inputs))
        wishes = read_wishes(["channels=0.4"])
        across = any("computed over channels together" in note for note in lighten(graph, wishes).notes)
        if not across:
            hold_against_zeroed(graph, wishes)
            continue
        prepared = prepare(graph, wishes, random_weights(graph), batch=1, dtype="float32")
        assert not run_lighter(prepared, random_input(graph)).mismatches


@pytest.mark.parametrize("spec", GALLERY)
def test_the_gallery_without_half_of_its_channels_is_a_spec_of_the_same_counts(spec):
    graph = cnncalc.load(str(SPECS / f"{spec}.yaml"))
    report = lighten(graph, read_wishes(["channels=0.5"])).report
    again = cnncalc.analyze(cnncalc.loads(network_text(report.graph)))
    assert again.totals == report.totals
    assert [facts.held for facts in again.every_layer()] == [facts.held for facts in report.every_layer()]
    assert report.totals.macs < cnncalc.analyze(graph).totals.macs


TORCH_PRUNING = {
    "alexnet": (16_308_104, 197_140_320),
    "convnext_tiny": (7_438_360, 1_143_964_032),
    "densenet121": (2_274_728, 738_299_904),
    "efficientnet_b0": (1_701_446, 108_116_208),
    "googlenet": (1_918_968, 404_353_536),
    "mobilenet_v2": (1_221_768, 83_402_176),
    "mobilenet_v3_small": (911_224, 17_603_488),
    "resnet18": (3_055_880, 483_149_824),
    "resnet50": (6_917_640, 1_052_311_552),
    "squeezenet1_1": (438_792, 114_242_656),
    "vgg16": (35_617_672, 3_890_266_112),
}
"""Parameters and MACs of torchvision's models after Torch-Pruning 1.6.1 (Fang et al. 2023, arXiv 2301.12900), with
pruning_ratio 0.5 and the last layer left alone; MACs as half of what torch.utils.flop_counter counts.
"""


@pytest.mark.parametrize("spec", TORCH_PRUNING)
def test_half_of_the_channels_leave_what_torch_pruning_leaves(spec):
    totals = lighten(cnncalc.load(str(SPECS / f"{spec}.yaml")), read_wishes(["channels=0.5"])).report.totals
    assert (totals.parameters, totals.macs) == TORCH_PRUNING[spec]


@pytest.mark.parametrize("spec", ["resnet18", "mobilenet_v2", "shufflenet_v1", "shufflenet_v2_x1_0", "squeezenet1_1"])
def test_real_networks_keep_their_channels_in_order(spec):
    graph = cnncalc.load(str(SPECS / f"{spec}.yaml"), input_shape=(3, 32, 32))
    found = hold_against_zeroed(graph, read_wishes(["channels=0.3"]), batch=1)
    assert found.report.totals.parameters < 0.75 * found.original.totals.parameters


channels = st.sampled_from([4, 6, 8, 12])


@st.composite
def blocks(draw, count):
    """Draw a few layers that take and give `count` channels of the same size."""
    kind = draw(
        st.sampled_from(["plain", "add", "concat", "depthwise", "groups", "shuffle", "split", "gate", "pixels"])
    )
    conv = {"type": "Conv2d", "kernel_size": 3, "padding": 1}
    wide = draw(channels)
    if kind == "plain":
        return [{**conv, "out_channels": count}, "BatchNorm2d", {"type": "PReLU", "num_parameters": count}]
    if kind == "add":
        inner = [{**conv, "out_channels": wide}, "ReLU", {**conv, "out_channels": count}, "BatchNorm2d"]
        return [{"type": "Add", "branches": [[], inner]}]
    if kind == "concat":
        halves = [[{**conv, "out_channels": wide}], [], [{**conv, "out_channels": 2}, "Sigmoid"]]
        return [{"type": "Concat", "branches": halves}, {**conv, "out_channels": count}]
    if kind == "depthwise":
        many = draw(st.sampled_from([1, 2]))
        return [{**conv, "out_channels": many * count, "groups": count}, {**conv, "out_channels": count}]
    if kind == "groups":
        return [{**conv, "out_channels": 8, "groups": 2}, "ReLU", {**conv, "out_channels": count, "groups": 2}]
    if kind == "shuffle":
        shuffle = {"type": "ChannelShuffle", "groups": draw(st.sampled_from([2, 4]))}
        return [{**conv, "out_channels": 8, "groups": 2}, shuffle, {**conv, "out_channels": count, "groups": 2}]
    if kind == "split":
        at = draw(st.integers(1, count - 1))
        inner = [{"type": "Slice", "start": at}, {**conv, "out_channels": wide}]
        return [
            {"type": "Concat", "branches": [[{"type": "Slice", "end": at}], inner]},
            {**conv, "out_channels": count},
        ]
    if kind == "gate":
        gate = ["GlobalAvgPool2d", {"type": "Conv2d", "out_channels": 4, "kernel_size": 1}, "ReLU",
                {"type": "Conv2d", "out_channels": count, "kernel_size": 1}, "Sigmoid"]  # fmt: skip
        return [{"type": "Multiply", "branches": [[], gate]}]
    return [{**conv, "out_channels": 4 * wide}, {"type": "PixelShuffle", "upscale_factor": 2},
            {"type": "PixelUnshuffle", "downscale_factor": 2}, {**conv, "out_channels": count}]  # fmt: skip


@st.composite
def networks(draw):
    """Draw a network of such blocks, with a classifier."""
    count = draw(channels)
    layers: list = [{"type": "Conv2d", "out_channels": count, "kernel_size": 3, "padding": 1}, "BatchNorm2d"]
    for number in range(draw(st.integers(1, 4))):
        layers.append({"name": f"block{number}", "type": "Sequential", "layers": draw(blocks(count))})
    layers += [{"type": "AdaptiveAvgPool2d", "output_size": 2}, "Flatten", {"type": "Linear", "out_features": 10},
               "BatchNorm1d", "ReLU", {"type": "Linear", "out_features": 3}]  # fmt: skip
    return {"input": [3, 6, 6], "layers": layers}


@given(networks(), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_any_network_keeps_its_channels_in_order(spec, tenths):
    graph = network(spec)
    found = hold_against_zeroed(graph, read_wishes([f"channels=0.{tenths}"]))
    assert all(found.kept.values()), "something of each tensor stays"
    counts = {node.name: node.output_shape[0] for node in graph.executed}
    for name in {name for pool in found.pools for name in pool.layers}:
        assert counts[name] - len(found.kept[name]) <= counts[name] * tenths // 10


def test_the_channels_with_the_smallest_filters_go():
    """Four filters of L1 norm 4, 1, 3, 2; half of them go: the second and the fourth."""
    spec = {
        "input": [1, 2, 2],
        "layers": [
            {"name": "a", "type": "Conv2d", "out_channels": 4, "kernel_size": 1, "bias": False},
            {"name": "b", "type": "Conv2d", "out_channels": 1, "kernel_size": 1, "bias": False},
        ],
        "tensors": {
            "a.weight": [[[[4]]], [[[-1]]], [[[-3]]], [[[2]]]],
            "b.weight": [[[[1]], [[10]], [[100]], [[1000]]]],
        },
    }
    graph = network(spec)
    prepared = prepare(graph, read_wishes(["channels=0.5"]), random_weights(graph), batch=1, dtype="float32")
    assert prepared.lightened.kept["a"] == (0, 2)
    assert prepared.weights["a.weight"].ravel().tolist() == [4, -3]
    assert prepared.weights["b.weight"].ravel().tolist() == [1, 100]


def test_norms_are_summed_over_layers_that_are_added():
    """Filters 3, 1 and 1, 4: alone a would lose its second and b its first channel; together 4 against 5."""
    layers = [
        {"name": "a", "type": "Conv2d", "out_channels": 2, "kernel_size": 1, "bias": False},
        {"name": "b", "type": "Conv2d", "from": "input", "out_channels": 2, "kernel_size": 1, "bias": False},
        {"name": "sum", "type": "Add", "from": ["a", "b"]},
        {"name": "c", "type": "Conv2d", "out_channels": 1, "kernel_size": 1, "bias": False},
    ]
    tensors = {"a.weight": [[[[3]]], [[[1]]]], "b.weight": [[[[1]]], [[[4]]]]}
    graph = network({"input": [1, 2, 2], "layers": layers, "tensors": tensors})
    prepared = prepare(graph, read_wishes(["channels=0.5"]), random_weights(graph), batch=1, dtype="float32")
    assert prepared.lightened.kept == {INPUT: (0,), "a": (1,), "b": (1,), "sum": (1,), "c": (0,)}


def test_an_output_layer_that_is_named_loses_classes():
    graph = cnncalc.load(str(SPECS / "lenet.yaml"))
    x, weights = random_input(graph, 3), random_weights(graph)
    prepared = prepare(graph, read_wishes(["fc3.channels=0.3"]), weights, batch=3, dtype="float32")
    found = effect(prepared, run_original(prepared, x), run_lighter(prepared, x))
    assert found.proof.output.shape == (3, 7)
    assert found.largest_error < 1e-6, "the seven that stay are what they were"
    assert found.most_changed is None


def test_explicit_channel_arguments_follow():
    layers = [
        {"name": "conv1", "type": "Conv2d", "in_channels": 3, "out_channels": 8, "kernel_size": 1},
        {"name": "bn", "type": "BatchNorm2d", "num_features": 8},
        {"name": "ln", "type": "LayerNorm", "normalized_shape": [8, 4, 4]},
        {"name": "conv2", "type": "Conv2d", "in_channels": 8, "out_channels": 8, "groups": 8, "kernel_size": 1},
        {"name": "flat", "type": "Flatten"},
        {"name": "fc", "type": "Linear", "in_features": 128, "out_features": 2},
    ]
    smaller = lighten(network({"input": [3, 4, 4], "layers": layers}), read_wishes(["channels=0.25"])).report.graph
    conv1, bn, ln, conv2, _, fc = (node.layer for node in smaller.nodes)
    assert (conv1.out_channels, bn.num_features, ln.normalized_shape) == (6, 6, (6, 4, 4))
    assert (conv2.in_channels, conv2.out_channels, conv2.groups, fc.in_features) == (6, 6, 6, 96)


@pytest.mark.parametrize("sizes", [[6, 2, 2], [-1, 2, 2], [6, -1, 2]])
def test_features_that_become_one_channel_go_together(sizes):
    layers = [
        {"name": "fc", "type": "Linear", "out_features": 24},
        {"name": "map", "type": "Unflatten", "dim": 1, "unflattened_size": sizes},
        {"name": "bn", "type": "BatchNorm2d"},
        {"name": "up", "type": "ConvTranspose2d", "out_channels": 3, "kernel_size": 4, "stride": 2},
    ]
    found = hold_against_zeroed(network({"input": [5], "layers": layers}), read_wishes(["fc.channels=0.5"]))
    kept = found.kept["map"]
    assert len(kept) == 3
    assert list(found.kept["fc"]) == [4 * channel + place for channel in kept for place in range(4)]


def test_groups_stay_even_where_their_inputs_come_from_several_layers():
    """Concat gives groups of 6: the first all from a (of 9), the next 3 from a and 3 from b. At 0.5, a would lose 3 in
    the first, and 1 + 1 in the second; both lose 2.
    """
    layers = [
        {"name": "a", "type": "Conv2d", "out_channels": 9, "kernel_size": 1},
        {"name": "b", "type": "Conv2d", "from": "input", "out_channels": 3, "kernel_size": 1},
        {"name": "joined", "type": "Concat", "from": ["a", "b"]},
        {"name": "grouped", "type": "Conv2d", "out_channels": 2, "kernel_size": 1, "groups": 2},
    ]
    found = hold_against_zeroed(network({"input": [2, 3, 3], "layers": layers}), read_wishes(["channels=0.5"]))
    kept = found.kept["joined"]
    assert sum(at < 6 for at in kept) == sum(at >= 6 for at in kept) == 4
    assert any(note.startswith("a: fewer channels go than asked for") for note in found.notes)


def test_channels_that_slices_share_out_go_as_many_as_of_any_layer():
    """Each of 6 channels is in other slices, 3 in a row of a ring, so each is a group of its own; half of 6 are 3, and
    something of each slice stays: as in the LeNet-5 of 1998, where the slices are the columns of its table I.
    """
    slices = [{"type": "Slice", "from": "ring", "start": at, "end": at + 3} for at in range(6)]
    maps = [[one, {"type": "Conv2d", "out_channels": 2, "kernel_size": 1}] for one in slices]
    layers = [
        {"name": "a", "type": "Conv2d", "out_channels": 6, "kernel_size": 1},
        {"name": "ring", "type": "Concat", "from": ["a", "a"]},
        {"type": "Concat", "branches": maps},
        {"name": "last", "type": "Conv2d", "out_channels": 2, "kernel_size": 1},
    ]
    for share, left in (("0.1", 6), ("0.17", 5), ("0.5", 3), ("0.6", 3), ("0.7", 2), ("0.9", 2)):
        found = hold_against_zeroed(
            network({"input": [2, 3, 3], "layers": layers}), read_wishes([f"a.channels={share}"])
        )
        kept = set(found.kept["a"])
        assert len(kept) == left, share
        assert all(kept & {at % 6, (at + 1) % 6, (at + 2) % 6} for at in range(6))


def test_layers_that_lose_nothing_are_named():
    # A depthwise convolution after two layers of one channel: neither can lose its only one, so of two none goes.
    one = {"type": "Conv2d", "out_channels": 1, "kernel_size": 1}
    layers = [
        {"type": "Concat", "branches": {"a": one, "b": one}},
        {"name": "deep", "type": "Conv2d", "out_channels": 2, "kernel_size": 1, "groups": 2},
        {"name": "c", "type": "Conv2d", "out_channels": 8, "kernel_size": 1},
        {"name": "last", "type": "Conv2d", "out_channels": 2, "kernel_size": 1},
    ]
    found = hold_against_zeroed(network({"input": [2, 3, 3], "layers": layers}), read_wishes(["channels=0.5"]))
    assert len(found.kept["deep"]) == 2 and len(found.kept["c"]) == 4
    assert [note.partition(":")[0] for note in found.notes] == ["last", "deep"]


@given(st.integers(0, 99), st.integers(1, 64))
def test_of_n_channels_the_floor_of_the_share_goes(percent, count):
    assume(count * percent // 100 < count)
    layers = [{"name": "a", "type": "Linear", "out_features": count}, {"type": "Linear", "out_features": 2}]
    found = lighten(network({"input": [3], "layers": layers}), read_wishes([f"channels={percent / 100}"]))
    assert len(found.kept["a"]) == count - count * percent // 100
