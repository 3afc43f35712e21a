"""Folding a BatchNorm into the convolution before it, proven by running both sides."""

import pytest
from networks import build, conv
from planned import check_passes, named

from cnncalc.engine.plan.fold import fold
from cnncalc.engine.plan.fuse import fuse_additions, fuse_clamps


def test_two_scales_behind_each_other_become_one_convolution():
    graph = build(
        (16, 6, 5), conv("c", 20, 3, padding=1), ("b", "BatchNorm2d", {}), ("s", "LayerScale", {"init_value": 1})
    )
    assert named(check_passes(graph, fold)) == ["c+b+s"]


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("Conv2d", {"kernel_size": 3, "groups": 4, "bias": False}),
        ("Conv2d", {"kernel_size": 3, "groups": 20, "stride": 2}),
        ("ConvTranspose2d", {"kernel_size": 3, "stride": 2, "groups": 2}),
        ("ConvTranspose2d", {"kernel_size": 2, "stride": 3, "output_padding": 1}),
    ],
)
def test_grouped_depthwise_and_transposed_weights_are_scaled_by_output_channel(kind, arguments):
    graph = build((20, 6, 5), ("c", kind, {"out_channels": 20, **arguments}), ("b", "BatchNorm2d", {}))
    assert named(check_passes(graph, fold)) == ["c+b"]


def test_a_linear_layer_takes_one_too():
    graph = build((3, 4, 5), ("f", "Flatten", {}), ("l", "Linear", {"out_features": 7}), ("b", "BatchNorm1d", {}))
    assert named(check_passes(graph, fold, batch=3)) == ["l+b"]


def test_not_where_the_convolution_is_read_by_another_as_well():
    graph = build((5, 6, 5), conv("c", 16, 3), ("b", "BatchNorm2d", {}), ("sum", "Add", {}, ["b", "c"]))
    assert named(check_passes(graph, fold)) == ["c", "b", "sum"]


def test_not_where_the_convolution_is_an_output():
    head = ("aux", False, [("aux.same", "Identity", {}, ["c"])])
    graph = build((5, 6, 5), conv("c", 16, 3), ("b", "BatchNorm2d", {}), heads=[head])
    assert named(check_passes(graph, fold)) == ["c", "b"]


def test_not_where_a_part_of_the_convolution_is_read_as_well():
    lines = [conv("c", 32, 3), ("part", "Slice", {"end": 16}), ("b", "BatchNorm2d", {}, ["c"])]
    graph = build((5, 6, 5), *lines, ("all", "Concat", {}, ["b", "part"]))
    assert named(check_passes(graph, fold)) == ["c", "b", "all"]


def test_not_a_scale_of_a_part():
    graph = build((5, 6, 5), conv("c", 32, 3), ("part", "Slice", {"start": 16}), ("b", "BatchNorm2d", {}))
    assert named(check_passes(graph, fold)) == ["c", "b"]


def test_not_behind_an_activation():
    graph = build((5, 6, 5), conv("c", 16, 3), ("r", "ReLU", {}), ("b", "BatchNorm2d", {}))
    assert named(check_passes(graph, fold)) == ["c", "r", "b"]


def test_not_into_a_convolution_that_clamps_or_adds_already():
    lines = [conv("c", 16, 1), ("r", "ReLU", {}), ("b", "BatchNorm2d", {})]
    assert named(check_passes(build((16, 6, 5), *lines), fuse_clamps, fold)) == ["c+r", "b"]
    lines = [conv("c", 16, 1), ("s", "Add", {}, ["c", "input"]), ("b", "BatchNorm2d", {})]
    assert named(check_passes(build((16, 6, 5), *lines), fuse_additions, fold)) == ["c+s", "b"]
