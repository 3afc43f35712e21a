"""A Flatten that a Linear layer, an output or anything else reads, proven by running both sides."""

import pytest
from networks import build, conv
from planned import ALL, check_passes, named

LINEAR = ("l", "Linear", {"out_features": 7})
FLAT = ("f", "Flatten", {})


def left(shape, *lines, **more):
    return named(check_passes(build(shape, *lines, **more), *ALL, batch=3))


@pytest.mark.parametrize("shape", [(20, 3, 4), (32, 1, 1), (5, 6), (3, 2, 3, 4), (7,)])
def test_a_linear_layer_reads_the_map(shape):
    assert left(shape, ("r", "LeakyReLU", {}), FLAT, LINEAR) == ["r", "l"]


@pytest.mark.parametrize("kind", ["Dropout", "Identity", "AlphaDropout", "Flatten"])
def test_also_through_what_changes_nothing(kind):
    assert left((20, 3, 4), ("r", "LeakyReLU", {}), FLAT, ("d", kind, {}), LINEAR) == ["r", "l"]


@pytest.mark.parametrize("shape", [(20, 3, 4), (20, 1, 1), (3, 5)])
def test_an_output(shape):
    left(shape, ("r", "LeakyReLU", {}), FLAT)
    left(shape, FLAT, ("d", "Dropout", {}))
    left(shape, conv("c", 3, 1) if len(shape) == 3 else ("r", "ReLU", {}), FLAT, heads=[("aux", False, [LINEAR])])


@pytest.mark.parametrize("shape", [(20, 3, 4), (32, 1, 1), (3, 4, 4)])
@pytest.mark.parametrize(
    "reader",
    [
        ("x", "Concat", {}, ["f", "f", "l"]),
        ("x", "Add", {}, ["f", "f"]),
        ("x", "Softmax", {}, ["f"]),
        ("x", "Unflatten", {"dim": 1, "unflattened_size": [2, 4, -1]}, ["f"]),
        ("x", "Slice", {"start": 16}, ["f"]),
        ("x", "ReLU", {}, ["f"]),
        ("x", "BatchNorm1d", {}, ["f"]),
    ],
    ids=lambda line: line[1],
)
def test_read_by_others_besides(shape, reader):
    if shape != (3, 4, 4) or reader[1] != "Unflatten":
        left(shape, ("r", "Sigmoid", {}), FLAT, LINEAR, reader)


def test_numbers_are_put_in_order_once():
    lines = [FLAT, ("a", "ReLU", {}, ["f"]), ("b", "Sigmoid", {}, ["f"]), ("s", "Add", {}, ["a", "b"])]
    assert left((20, 3, 4), *lines) == ["f", "a", "b", "s"]


def test_a_map_of_one_pixel_is_a_vector_already():
    lines = [("g", "GlobalAvgPool2d", {}), FLAT, ("s", "Softmax", {})]
    assert left((20, 3, 4), *lines) == ["g", "s"]


def test_some_axes_only():
    left((20, 3, 4), ("f", "Flatten", {"start_dim": 2}), ("r", "ReLU", {}))
    left((4, 3, 4, 2), ("f", "Flatten", {"start_dim": 1, "end_dim": 3}), ("r", "ReLU", {}))
