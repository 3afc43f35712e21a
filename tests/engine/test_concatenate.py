"""Concatenation without copying, proven by running both sides; and that what cannot share memory is copied."""

import pytest
from networks import build, conv
from planned import ALL, check_passes, concatenated, named, without_unread

MAP = (16, 5, 6)


def copies(graph, *passes, **more):
    """Which Concats are left, with guard zones and without, after all passes and after this one alone."""
    check_passes(graph, *ALL, **more)
    left = named(check_passes(graph, *(passes or (concatenated,)), **more))
    return [name for name in left if name.startswith("cat")]


def dense(lists):
    """A dense block: each layer reads all before it, by one Concat of all, or by Concats that continue each other."""
    lines, seen, all_before = [("r", "LeakyReLU", {})], ["r"], "r"
    for at in range(4):
        lines += [
            (f"n{at}", "BatchNorm2d", {}, [all_before]),
            (f"r{at}", "ReLU", {}),
            conv(f"c{at}", 16, 1),
            ("a" * 9 + str(at), "ReLU", {}),
            conv(f"d{at}", 16, 3, padding=1),
        ]
        parts = [*seen, f"d{at}"] if lists else [all_before, f"d{at}"]
        lines.append((f"cat{at}", "Concat", {}, parts))
        seen.append(f"d{at}")
        all_before = f"cat{at}"
    return build(MAP, *lines, ("n", "BatchNorm2d", {}), ("e", "ReLU", {}), ("g", "GlobalAvgPool2d", {}))


@pytest.mark.parametrize("lists", [False, True])
def test_a_dense_block_lies_in_one_value(lists):
    assert copies(dense(lists), batch=2) == []


def test_branches_are_written_side_by_side():
    lines = [
        conv("a", 32, 1),
        conv("b", 16, 3, ["input"], padding=1),
        ("p", "MaxPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}, ["input"]),
        conv("c", 5, 1, ["input"]),
        ("cat", "Concat", {}, ["a", "b", "p", "c"]),
        conv("e", 20, 3),
    ]
    assert copies(build(MAP, *lines), batch=3) == []


def test_the_input_itself():
    lines = [conv("a", 20, 1), ("cat", "Concat", {}, ["input", "a"]), conv("e", 20, 3, padding=2)]
    assert copies(build(MAP, *lines)) == []


def test_a_last_part_of_any_number_of_channels_and_no_other():
    for first, copied in ((16, []), (20, ["cat"])):
        lines = [conv("a", first, 1), conv("b", 5, 1, ["input"]), ("cat", "Concat", {}, ["a", "b"])]
        assert copies(build(MAP, *lines, conv("e", 7, 3))) == copied


def test_one_value_twice_is_copied():
    lines = [conv("a", 16, 1), ("cat", "Concat", {}, ["a", "a"]), conv("e", 16, 3)]
    assert copies(build(MAP, *lines)) == ["cat"]


def test_one_value_in_two_places_is_copied_to_one():
    lines = [conv("a", 16, 1), conv("b", 16, 1), ("cat1", "Concat", {}, ["a", "b"]), ("cat2", "Concat", {}, ["b", "a"])]
    graph = build(MAP, *lines, ("s", "Add", {}, ["cat1", "cat2"]))
    assert len(copies(graph)) == 1


def test_the_same_parts_twice_are_one_value():
    lines = [conv("a", 16, 1), conv("b", 16, 1), ("cat1", "Concat", {}, ["a", "b"]), ("cat2", "Concat", {}, ["a", "b"])]
    graph = build(MAP, *lines, ("r", "ReLU", {}), ("s", "Add", {}, ["cat1", "r"]), ("t", "Add", {}, ["cat2", "s"]))
    assert copies(graph) == []


def test_nested_concats():
    lines = [
        conv("a", 16, 1),
        conv("b", 16, 1),
        ("cat1", "Concat", {}, ["a", "b"]),
        conv("c", 16, 3, padding=1),
        ("cat2", "Concat", {}, ["c", "cat1"]),
        conv("d", 16, 1, ["a"]),
        ("cat3", "Concat", {}, ["d", "cat2", "b"]),
    ]
    assert copies(build(MAP, *lines, conv("e", 16, 3), ("r", "ReLU", {}))) == ["cat1"]
    assert copies(build(MAP, *lines[:-1], ("cat3", "Concat", {}, ["d", "cat2"]))) == []


def test_parts_of_a_concat_in_their_order_are_a_part_of_it():
    lines = [
        conv("a", 32, 1),
        conv("b", 16, 1),
        ("cat1", "Concat", {}, ["a", "b"]),
        ("x", "Slice", {"start": 16, "end": 32}),
        ("y", "Slice", {"start": 32}, ["cat1"]),
        ("cat2", "Concat", {}, ["x", "y"]),
        conv("e", 16, 3),
    ]
    assert copies(build(MAP, *lines)) == []


def test_parts_in_another_order_are_copied():
    lines = [
        conv("a", 32, 1),
        ("x", "Slice", {"start": 16}),
        ("y", "Slice", {"end": 16}, ["a"]),
        ("cat", "Concat", {}, ["x", "y"]),
    ]
    assert copies(build(MAP, *lines, conv("e", 16, 3))) == ["cat"]


def test_a_part_beside_something_whole_is_copied():
    lines = [
        conv("a", 32, 1),
        ("x", "Slice", {"start": 16}),
        conv("b", 16, 1, ["a"]),
        ("cat", "Concat", {}, ["x", "b"]),
    ]
    assert copies(build(MAP, *lines, conv("e", 16, 3))) == ["cat"]


def test_a_value_lies_beside_parts_of_itself():
    lines = [
        conv("a", 32, 1),
        ("x", "Slice", {"start": 16}),
        ("y", "Slice", {"end": 16}, ["a"]),
        ("cat1", "Concat", {}, ["y", "x"]),
        ("cat2", "Concat", {}, ["a", "cat1"]),
        conv("e", 16, 3),
    ]
    assert copies(build(MAP, *lines)) == ["cat1"]


def test_what_is_an_output_may_be_a_part():
    head = ("aux", False, [("aux.same", "Identity", {}, ["a"])])
    lines = [conv("a", 16, 3), ("r", "LeakyReLU", {}), ("cat", "Concat", {}, ["r", "a"]), ("e", "ReLU", {})]
    assert copies(build(MAP, *lines, heads=[head])) == []


def test_a_concat_is_an_output_and_read_on():
    head = ("aux", False, [("aux.same", "Identity", {}, ["cat"])])
    lines = [
        conv("a", 16, 3),
        ("r", "LeakyReLU", {}),
        ("cat", "Concat", {}, ["r", "a"]),
        ("e", "ReLU", {}),
        conv("f", 5, 3),
    ]
    assert copies(build(MAP, *lines, heads=[head])) == []


def test_readers_with_different_margins_share_them():
    lines = [
        conv("a", 16, 1),
        conv("b", 16, 1),
        ("cat", "Concat", {}, ["a", "b"]),
        conv("c", 16, 5, ["a"], padding=2),
        conv("d", 16, 3, ["b"], padding=[[0, 1], [2, 0]]),
        conv("e", 16, 3, ["cat"], padding=2),
        ("g", "GlobalAvgPool2d", {}, ["d"]),
        ("m", "Multiply", {}, ["e", "g"]),
        ("p", "MaxPool2d", {"kernel_size": 3}),
        ("f", "Flatten", {}),
        ("f2", "Flatten", {}, ["c"]),
        ("cat2", "Concat", {}, ["f", "f2"]),
    ]
    assert copies(build(MAP, *lines), batch=3) == []


def test_other_axes_are_copied():
    lines = [
        conv("a", 16, 1),
        ("cat", "Concat", {"dim": -1}, ["a", "input"]),
        ("catb", "Concat", {"dim": 2}, ["cat", "cat"]),
    ]
    assert copies(build(MAP, *lines, conv("e", 16, 3, padding=1))) == ["cat", "catb"]


def test_vectors_of_features():
    lines = [
        ("a", "Linear", {"out_features": 16}),
        ("b", "Linear", {"out_features": 5}, ["input"]),
        ("cat", "Concat", {}, ["a", "b"]),
        ("s", "Softmax", {}),
    ]
    assert copies(build((7,), *lines), batch=3) == []


@pytest.mark.parametrize("shape", [(16, 9), (16, 3, 4, 5)])
def test_one_axis_and_three(shape):
    kind = f"Conv{len(shape) - 1}d"
    lines = [
        ("a", kind, {"out_channels": 16, "kernel_size": 3, "padding": 1}),
        ("cat", "Concat", {}, ["a", "input"]),
        ("e", kind, {"out_channels": 3, "kernel_size": 3, "padding": 1}),
        ("r", "ReLU", {}),
    ]
    assert copies(build(shape, *lines)) == []


def test_a_shuffle_reads_the_parts_and_leaves_the_concat_out():
    lines = [
        conv("a", 20, 1),
        conv("b", 20, 1),
        ("cat", "Concat", {}, ["a", "b"]),
        ("x", "ChannelShuffle", {"groups": 2}),
        ("y", "Slice", {"start": 20}),
        ("z", "Slice", {"end": 20}, ["x"]),
        conv("e", 20, 1),
        ("s", "Add", {}, ["z", "e"]),
    ]
    assert copies(build(MAP, *lines), without_unread, concatenated) == []


def test_parts_of_different_values_are_copied():
    lines = [
        conv("a", 32, 1),
        conv("b", 32, 1, ["input"]),
        ("x", "Slice", {"end": 16}, ["a"]),
        ("y", "Slice", {"start": 16}, ["b"]),
        ("cat", "Concat", {}, ["x", "y"]),
    ]
    assert copies(build(MAP, *lines, conv("e", 16, 3))) == ["cat"]
