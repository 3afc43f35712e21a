"""The measured receptive field against brute force: each input position marked alone, through the whole network."""

import itertools

import numpy as np
import pytest
from networks import build, conv

from cnncalc.analysis.window import window
from cnncalc.engine.probe import measure
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import random_weights


def brute_force(graph):
    """Return {node: {position: per input axis (first, last) or None}} by marking every input position in turn."""
    sizes = graph.input_shape[1:]
    places = list(itertools.product(*(range(n) for n in sizes)))
    x = np.zeros((len(places), *graph.input_shape))
    for index, place in enumerate(places):
        x[(index, slice(None), *place)] = np.nan
    seen = {}

    def note(step, output):
        # One unit a position: all channels of a map together, each feature of a vector alone.
        nan = np.isnan(output) if output.ndim == 2 else np.isnan(output).any(axis=1)
        units = {}
        for position in np.ndindex(nan.shape[1:]):
            hits = np.array([place for place, on in zip(places, nan[(slice(None), *position)], strict=True) if on])
            units[position] = tuple((int(h.min()), int(h.max())) for h in hits.T) if len(hits) else (None,) * len(sizes)
        seen[step.node.name] = units

    execute(graph, x, random_weights(graph, 1, np.float64), after_step=note)
    return seen


NETWORKS = {
    "dilated": build((2, 9, 11), conv("a", 3, 3, padding=1), conv("b", 2, [3, 2], dilation=[2, 3])),
    "stride over kernel": build((1, 11, 10), conv("a", 2, 2, stride=3), conv("b", 2, 1, stride=2)),
    "one-sided": build(
        (2, 7, 8), conv("a", 2, 3, padding=[[2, 0], [0, 1]]), conv("b", 2, 2, stride=2, padding=[[0, 1], [1, 0]])
    ),
    "ceil mode": build(
        (1, 10, 9),
        ("p", "MaxPool2d", {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
        ("q", "AvgPool2d", {"kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True}),
    ),
    "circular": build(
        (2, 8, 8), conv("a", 2, 3, padding=1, padding_mode="circular"), conv("b", 2, 3, stride=2, padding=1)
    ),
    "reflect": build((2, 8, 8), conv("a", 2, 5, padding=[[0, 4], [3, 0]], padding_mode="reflect"), conv("b", 1, 2)),
    "replicate": build((1, 6, 6), conv("a", 2, 3, padding=3, padding_mode="replicate"), conv("b", 2, 2, stride=2)),
    "padding wider than the kernel": build((1, 4, 4), conv("a", 2, 2, padding=4), conv("b", 1, 3, stride=3)),
    "branches": build(
        (3, 12, 12),
        conv("stem", 4, 3, stride=2, padding=1),
        conv("left", 2, 1, ["stem"]),
        conv("right", 3, 5, ["stem"], padding=2),
        ("join", "Concat", {}, ["left", "right"]),
        ("norm", "BatchNorm2d", {}),
        conv("back", 4, 3, padding=1),
        ("sum", "Add", {}, ["back", "stem"]),
        ("act", "Hardswish", {}),
    ),
    "gate": build(
        (4, 6, 7),
        conv("a", 4, 3, padding=1),
        ("squeeze", "GlobalAvgPool2d", {}),
        conv("excite", 4, 1),
        ("sigmoid", "Hardsigmoid", {}),
        ("out", "Multiply", {}, ["a", "sigmoid"]),
    ),
    "taken apart": build(
        (2, 6, 4),
        conv("a", 3, 3, padding=1),
        ("rows", "Unflatten", {"dim": 2, "unflattened_size": [2, -1]}),
        ("deep", "Conv3d", {"out_channels": 2, "kernel_size": [1, 2, 2]}),
        ("columns", "Flatten", {}, ["a"]),
        ("again", "Unflatten", {"dim": 1, "unflattened_size": [3, 6, 4]}),
        conv("b", 2, 3),
    ),
    "from a vector": build(
        (1, 4, 5),
        ("flat", "Flatten", {}),
        ("map", "Unflatten", {"dim": 1, "unflattened_size": [-1, 2, 2]}),
        conv("a", 2, [1, 2]),
        ("channels", "Unflatten", {"dim": 1, "unflattened_size": [1, 2]}),
    ),
    "of the channels": build(
        (2, 5, 4),
        conv("a", 6, 3, padding=1),
        ("map", "Unflatten", {"dim": 1, "unflattened_size": [2, 3]}),
        ("deep", "Conv3d", {"out_channels": 2, "kernel_size": 2}),
    ),
    "shuffle": build(
        (4, 6, 6),
        ("half", "Slice", {"end": 2}),
        ("rest", "Slice", {"start": 2}, ["input"]),
        conv("a", 2, 3, ["rest"], groups=2),
        ("crop", "Slice", {"dim": 2, "start": 1, "end": -1}, ["half"]),
        ("crop2", "Slice", {"dim": 3, "start": 1, "end": -1}),
        ("join", "Concat", {}, ["crop2", "a"]),
        ("mix", "ChannelShuffle", {"groups": 2}),
        ("slope", "PReLU", {"num_parameters": 4}),
    ),
    "vector": build(
        (2, 6, 6),
        conv("a", 3, 3, stride=2),
        ("flat", "Flatten", {}),
        ("some", "Slice", {"start": 3, "step": 2}),
        ("fc", "Linear", {"out_features": 5}),
        ("fc2", "Linear", {"out_features": 5}, ["flat"]),
        ("join", "Concat", {}, ["some", "fc2"]),
        ("sum", "Add", {}, ["fc", "fc2"]),
        ("bn", "BatchNorm1d", {}),
        ("soft", "Softmax", {}),
    ),
    "spatial": build(
        (2, 6, 5),
        ("pad", "ZeroPad2d", {"padding": [2, -1, 0, 1]}),
        ("tall", "Concat", {"dim": 2}, ["input", "input"]),
        ("pool", "AdaptiveMaxPool2d", {"output_size": [5, 2]}),
        ("soft", "Softmax", {"dim": 3}),
        ("lrn", "LocalResponseNorm", {"size": 3}),
        ("rows", "Flatten", {"start_dim": 2}),
    ),
    "transposed": build(
        (2, 4, 5),
        ("a", "ConvTranspose2d", {"out_channels": 3, "kernel_size": [3, 2], "stride": 2, "padding": [1, 0]}),
        conv("b", 2, 3, padding=1),
        (
            "c",
            "ConvTranspose2d",
            {"out_channels": 4, "kernel_size": 3, "stride": [2, 1], "dilation": [3, 2], "groups": 2, "padding": 2},
        ),
    ),
    "apart": build(
        (1, 4, 3),
        ("a", "ConvTranspose2d", {"out_channels": 2, "kernel_size": 1, "stride": 3, "output_padding": 2}),
        conv("b", 1, 2),
    ),
    "upsampled": build(
        (2, 4, 5),
        ("near", "Upsample", {"scale_factor": [1.5, 2]}),
        ("line", "Upsample", {"scale_factor": [2, 1.3], "mode": "bilinear"}),
        ("less", "Upsample", {"scale_factor": 0.4, "mode": "bilinear"}, ["line"]),
        ("ends", "Upsample", {"size": [9, 4], "mode": "bilinear", "align_corners": True}, ["near"]),
        ("cube", "Upsample", {"size": [7, 12], "mode": "bicubic"}, ["near"]),
        ("one", "Upsample", {"size": [1, 3], "mode": "bilinear", "align_corners": True}, ["near"]),
        ("wide", "Upsample", {"size": 3, "mode": "bilinear"}, ["one"]),
    ),
    "U": build(
        (4, 8, 9),
        conv("left", 4, 3),
        ("down", "MaxPool2d", {"kernel_size": 2}),
        conv("deep", 8, 3, padding=1),
        ("up", "ConvTranspose2d", {"out_channels": 4, "kernel_size": 2, "stride": 2}),
        ("crop", "CenterCrop", {}, ["left", "up"]),
        ("join", "Concat", {}, ["crop", "up"]),
        conv("right", 8, 3, padding=1),
        ("shuffle", "PixelShuffle", {"upscale_factor": 2}),
        conv("last", 1, 3, padding=1),
        ("unshuffle", "PixelUnshuffle", {"downscale_factor": 3}),
        ("middle", "CenterCrop", {"size": [3, 2]}),
    ),
    "signal": build(
        (2, 15),
        ("a", "Conv1d", {"out_channels": 3, "kernel_size": 3, "dilation": 2, "padding": 2}),
        ("p", "MaxPool1d", {"kernel_size": 2, "dilation": 2, "stride": 3}),
        ("q", "AdaptiveAvgPool1d", {"output_size": 3}),
    ),
    "groups": build(
        (4, 6, 5),
        conv("a", 4, 3, padding=1),
        ("gn", "GroupNorm", {"num_groups": 2}),
        conv("b", 6, 2, ["a"]),
        ("in", "InstanceNorm2d", {"affine": True}),
        ("stored", "InstanceNorm2d", {"track_running_stats": True}, ["b"]),
        ("ln2d", "LayerNorm2d", {}),
        ("scale", "LayerScale", {}),
        ("rows", "LayerNorm", {"normalized_shape": 4}),
        ("all", "LayerNorm", {"normalized_shape": [6, 5, 4]}, ["scale"]),
    ),
    "means": build(
        (3, 6, 5),
        conv("a", 4, 3, padding=1),
        ("pooled", "Mean", {"dim": [2, 3]}),
        ("fc", "Linear", {"out_features": 3}),
        ("columns", "Mean", {"dim": 2, "keepdim": True}, ["a"]),
        ("channel", "Mean", {"dim": 1, "keepdim": True}, ["a"]),
        ("lines", "Mean", {"dim": 3}, ["a"]),
        ("heights", "Mean", {"dim": [1, 3]}, ["a"]),
        ("flat", "Flatten", {}, ["a"]),
        ("ln", "LayerNorm", {}),
    ),
    "borders": build(
        (2, 6, 7),
        ("reflect", "ReflectionPad2d", {"padding": [2, -1, 0, 3]}),
        conv("a", 2, 3, stride=2),
        ("circle", "CircularPad2d", {"padding": [1, 2, 0, 2]}),
        ("edge", "ReplicationPad2d", {"padding": [-1, 2, 1, 0]}),
        ("filled", "ConstantPad2d", {"padding": 1, "value": 3}),
        ("lp", "LPPool2d", {"norm_type": 2, "kernel_size": 2, "stride": 3, "ceil_mode": True}),
        ("max", "MaxPool2d", {"kernel_size": 2, "dilation": 2, "stride": 1, "padding": 1}, ["circle"]),
    ),
    "volume": build(
        (1, 5, 6, 4),
        ("a", "Conv3d", {"out_channels": 2, "kernel_size": 2, "stride": [1, 2, 1]}),
        ("p", "AvgPool3d", {"kernel_size": 2}),
    ),
}


@pytest.mark.parametrize("graph", NETWORKS.values(), ids=NETWORKS)
def test_every_unit_of_every_node_is_measured_as_brute_force_finds_it(graph):
    expected = brute_force(graph)
    found = measure(graph, {name: list(units) for name, units in expected.items()})
    assert {name: dict(zip(units, found[name], strict=True)) for name, units in expected.items()} == expected


@pytest.mark.parametrize("graph", NETWORKS.values(), ids=NETWORKS)
def test_the_exact_windows_are_what_brute_force_finds(graph):
    for name, units in brute_force(graph).items():
        assert {position: window(graph, name, position) for position in units} == units, name


def test_published_field_of_resnet_style_stack():
    # Two 3x3 see 5x5, three see 7x7 (VGG, Simonyan and Zisserman 2014, section 2.3).
    graph = build((3, 21, 21), conv("a", 8, 3), conv("b", 8, 3), conv("c", 8, 3))
    assert measure(graph, {"b": [(5, 6)]})["b"] == [((5, 9), (6, 10))]
    assert measure(graph, {"c": [(5, 6)]})["c"] == [((5, 11), (6, 12))]


def test_a_deep_network_does_not_overflow_into_false_dependence():
    lines = [conv(f"c{i}", 4, 3, padding=1) for i in range(60)] + [("s", "Sigmoid", {}), ("n", "BatchNorm2d", {})]
    lines += [conv(f"d{i}", 4, 1) for i in range(60)]
    graph = build((3, 200, 3), *lines, ("soft", "Softmax", {"dim": 1}))
    assert measure(graph, {"soft": [(100, 1)]})["soft"] == [((40, 160), (0, 2))]


def test_a_train_only_head_can_be_measured():
    graph = build((1, 8, 8), conv("a", 2, 3), heads=[("aux", True, [conv("aux.c", 2, 3)])])
    assert measure(graph, {"aux.c": [(0, 0)]})["aux.c"] == [((0, 4), (0, 4))]


def test_a_vector_input_has_no_axes_to_measure():
    graph = build((6,), ("fc", "Linear", {"out_features": 2}))
    assert measure(graph, {"fc": [(0,), (1,)]})["fc"] == [(), ()]
