"""What activations, additions and BatchNorms before convolutions are joined with, proven by running both sides."""

import numpy as np
import pytest
from networks import build, conv
from planned import ALL, JOIN, check_passes, chosen, named, overwriting

from cnncalc.engine.plan.fuse import fuse_additions, fuse_clamps, fuse_prologues

MAP = (16, 6, 7)
SAME = {"padding": 1}


def fused(graph, *passes, **more):
    return named(check_passes(graph, *(passes or JOIN), **more))


def test_a_convolution_clamps():
    graph = build(MAP, conv("a", 20, 3), ("r", "ReLU6", {}), conv("b", 5, 1), ("h", "Hardtanh", {"min_val": -0.5}))
    assert fused(graph, fuse_clamps) == ["a+r", "b+h"]


def test_only_the_first_of_two_activations():
    graph = build(MAP, conv("a", 16, 1), ("h", "Hardtanh", {"min_val": -2, "max_val": 0.5}), ("r", "ReLU", {}))
    assert fused(graph, fuse_clamps) == ["a+h", "r"]


def test_a_sum_and_a_product_clamp():
    graph = build(
        MAP,
        ("m", "Multiply", {}, ["input", "input"]),
        ("h", "Hardtanh", {}),
        ("s", "Add", {}, ["h", "input", "h"]),
        ("r", "ReLU6", {}),
    )
    assert fused(graph, fuse_clamps) == ["m+h", "s+r"]


@pytest.mark.parametrize("reader", [("x", "LeakyReLU", {}, ["a"]), ("x", "Slice", {"end": 16}, ["a"])])
def test_no_clamp_where_somebody_else_reads_the_result(reader):
    graph = build(MAP, conv("a", 16, 1), ("r", "ReLU", {}), reader, ("s", "Add", {}, ["r", "x"]))
    assert fused(graph, fuse_clamps)[:2] == ["a", "r"]


def test_no_clamp_where_the_result_is_an_output():
    head = ("aux", False, [("aux.same", "Dropout", {}, ["a"])])
    assert fused(build(MAP, conv("a", 16, 1), ("r", "ReLU", {}), heads=[head])) == ["a", "r"]


def test_a_head_that_is_not_run_reads_nothing():
    head = ("aux", True, [("aux.same", "Dropout", {}, ["a"])])
    assert fused(build(MAP, conv("a", 16, 1), ("r", "ReLU", {}), heads=[head])) == ["a+r"]


def test_a_residual_block():
    lines = [conv("a", 16, 3, **SAME), ("n", "BatchNorm2d", {}), ("s", "Add", {}, ["n", "input"]), ("r", "ReLU", {})]
    assert fused(build(MAP, *lines)) == ["a+n+s+r"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 3, **SAME},
        {"kernel_size": 3, "groups": 16, **SAME},
        {"kernel_size": 5, "padding": 2, "groups": 2},
    ],
    ids=["winograd", "depthwise", "grouped"],
)
def test_a_convolution_that_adds_its_own_input_sees_it_whole(arguments):
    """Written where that input lies, its result would destroy what its next windows read."""
    line = ("a", "Conv2d", {"out_channels": 16, **arguments})
    graph = build((16, 24, 25), ("p", "LeakyReLU", {}), line, ("s", "Add", {}, ["a", "p"]), ("r", "ReLU", {}))
    assert fused(graph, *JOIN, chosen, overwriting) == ["p", "a+s+r"]


def test_the_later_of_two_convolutions_adds():
    lines = [conv("a", 16, 1), conv("b", 16, 3, ["input"], **SAME)]
    for order in (["a", "b"], ["b", "a"]):
        assert fused(build(MAP, *lines, ("s", "Add", {}, order))) == ["a", "b+s"]


def test_not_what_is_ready_only_later():
    lines = [conv("a", 16, 1), ("l", "LeakyReLU", {}, ["input"]), ("s", "Add", {}, ["a", "l"])]
    assert fused(build(MAP, *lines)) == ["a", "l", "s"]


def test_the_earlier_convolution_does_not_add_where_the_later_one_is_read_elsewhere():
    lines = [conv("a", 16, 1), conv("b", 16, 3, ["input"], **SAME), ("s", "Add", {}, ["a", "b"])]
    assert fused(build(MAP, *lines, ("t", "Multiply", {}, ["s", "b"]))) == ["a", "b", "s", "t"]


def test_no_sum_behind_an_activation():
    lines = [conv("a", 16, 1), ("r", "ReLU", {}), ("s", "Add", {}, ["r", "input"])]
    assert fused(build(MAP, *lines)) == ["a+r", "s"]


def test_a_value_added_to_itself_and_sums_of_three():
    assert fused(build(MAP, conv("a", 16, 1), ("s", "Add", {}, ["a", "a"]))) == ["a", "s"]
    assert fused(build(MAP, conv("a", 16, 1), ("s", "Add", {}, ["a", "input", "input"]))) == ["a", "s"]


def test_one_sum_a_convolution():
    lines = [conv("a", 16, 1), ("s", "Add", {}, ["a", "input"]), ("t", "Add", {}, ["input", "s"]), ("r", "ReLU", {})]
    assert fused(build(MAP, *lines)) == ["a+s", "t+r"]


def test_sums_in_a_chain_of_blocks():
    lines = [
        conv("a", 16, 3, **SAME),
        ("s", "Add", {}, ["input", "a"]),
        ("r", "ReLU", {}),
        conv("b", 16, 1),
        ("t", "Add", {}, ["r", "b"]),
        conv("c", 16, 3, ["t"], **SAME),
        ("u", "Add", {}, ["c", "t"]),
        ("v", "ReLU", {}),
    ]
    assert fused(build(MAP, *lines), *ALL, batch=3) == ["a+s+r", "b+t", "c+u+v"]


def test_products_stay():
    lines = [conv("a", 16, 1), ("g", "GlobalAvgPool2d", {}), ("m", "Multiply", {}, ["g", "a"]), conv("b", 16, 1)]
    graph = build(MAP, *lines, ("t", "Multiply", {}, ["b", "m"]), ("r", "ReLU", {}))
    assert fused(graph, *ALL) == ["a", "g", "m", "b", "t+r"]


def test_the_residual_may_be_a_part_of_something():
    lines = [conv("a", 32, 1), ("p", "Slice", {"start": 16}), conv("b", 16, 1), ("t", "Add", {}, ["b", "p"])]
    assert fused(build(MAP, *lines), *ALL) == ["a", "b+t"]


def test_batch_norm_and_relu_before_a_pointwise_convolution():
    lines = [("n", "BatchNorm2d", {}), ("r", "ReLU", {}), conv("c", 20, 1), ("e", "ReLU", {})]
    assert fused(build((24, 9, 8), *lines), batch=3) == ["n+r+c+e"]


@pytest.mark.parametrize(
    "lines",
    [
        [("r", "ReLU6", {}), conv("c", 16, 1)],
        [("r", "Hardtanh", {"min_val": 0, "max_val": 1}), conv("c", 16, 1)],
        [("r", "PReLU", {}), conv("c", 16, 1)],
        [("r", "ReLU", {}), conv("c", 16, 3)],
        [("r", "ReLU", {}), conv("c", 16, 1, stride=2)],
        [("r", "ReLU", {}), conv("c", 16, 1, padding=1)],
        [("r", "ReLU", {}), conv("c", 16, 1, groups=2)],
        [("r", "ReLU", {}), conv("c", 16, 1), ("t", "Add", {}, ["c", "r"])],
        [conv("c", 16, 1)],
    ],
)
def test_no_other_activation_window_or_second_reader(lines):
    assert fused(build(MAP, ("n", "BatchNorm2d", {}), *lines))[0] in ("n", "n+r")


def test_a_padded_convolution_pads_what_is_scaled_not_what_is_read():
    """Zeros round the map would become the shift."""
    graph = build((5, 4, 4), ("n", "BatchNorm2d", {}), ("r", "ReLU", {}), conv("c", 3, 1, padding=2))
    assert fused(graph) == ["n+r", "c"]


def test_what_is_scaled_first_may_be_added_behind():
    lines = [("n", "BatchNorm2d", {}), ("r", "ReLU", {}), conv("c", 16, 1), ("t", "Add", {}, ["c", "input"])]
    assert fused(build(MAP, *lines), *ALL) == ["n+r+c+t"]


def test_the_passes_need_not_run_in_that_order():
    lines = [("n", "BatchNorm2d", {}), ("r", "ReLU", {}), conv("c", 16, 1), ("t", "Add", {}, ["c", "input"])]
    check_passes(build(MAP, *lines), fuse_additions, fuse_prologues, fuse_clamps)


def test_nan_and_infinity_pass_through_clamps_sums_and_scales():
    lines = [
        ("n", "BatchNorm2d", {}),
        ("r", "ReLU", {}),
        conv("c", 16, 1),
        ("t", "Add", {}, ["c", "input"]),
        ("e", "ReLU6", {}),
    ]
    x = np.random.default_rng(0).standard_normal((1, *MAP)).astype(np.float32)
    x[0, 3, 2, 2], x[0, 4, 5, 5], x[0, 5, 0, 1] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        fused(build(MAP, *lines), batch=1, x=x)
