"""Results written over an input, proven by running both sides; and when they must not be."""

import pytest
from networks import build, conv
from planned import ALL, check_passes, overwriting, planned

from cnncalc.engine.kernels.movement import CopyOut

MAP = (16, 6, 7)


def own_memory(graph, **more):
    """The values that have memory of their own, by the last node whose work was done."""
    operations = check_passes(graph, *ALL, **more)
    return {one.output.root.name for one in operations if not isinstance(one, CopyOut)}


def test_a_chain_of_activations_is_one_buffer():
    assert own_memory(build(MAP, *((f"a{at}", "LeakyReLU", {}) for at in range(4)))) == {"a3"}


def test_the_input_is_overwritten_once_everybody_has_read_it():
    lines = [conv("c", 16, 3, padding=1), ("s", "LeakyReLU", {}, ["input"]), ("t", "Add", {}, ["c", "s"])]
    assert own_memory(build(MAP, *lines)) == {"input", "s", "t"}
    lines = [conv("c", 16, 3, padding=1), ("l", "Sigmoid", {}), ("s", "Multiply", {}, ["input", "l"])]
    assert own_memory(build(MAP, *lines)) == {"l", "s"}


def test_a_residual_is_overwritten():
    lines = [
        conv("a", 16, 3, padding=1),
        ("l", "LeakyReLU", {}),
        conv("b", 16, 3, padding=1),
        ("s", "Add", {}, ["b", "input"]),
    ]
    assert own_memory(build((16, 24, 24), *lines)) == {"l", "s"}


def test_not_one_that_is_the_convolutions_input():
    lines = [("l", "LeakyReLU", {}), conv("b", 16, 3, padding=1), ("s", "Add", {}, ["b", "l"])]
    assert own_memory(build(MAP, *lines)) == {"l", "s"}


def test_not_by_a_depthwise_convolution_whose_tiles_overlap():
    lines = [
        ("l", "LeakyReLU", {}),
        conv("a", 16, 3, padding=1),
        conv("b", 16, 3, padding=1, groups=16),
        ("s", "Add", {}, ["b", "l"]),
    ]
    assert own_memory(build(MAP, *lines)) == {"l", "a", "s"}


def test_not_what_is_read_later():
    lines = [("l", "LeakyReLU", {}), ("m", "Sigmoid", {}), conv("c", 16, 1), ("t", "Multiply", {}, ["c", "l"])]
    assert own_memory(build(MAP, *lines)) == {"l", "m", "t"}


def test_not_what_could_be_read_earlier_but_is_not_in_the_order():
    lines = [
        conv("v", 16, 1),
        conv("w", 16, 1, ["input"]),
        ("x", "Sigmoid", {}),
        conv("y", 16, 1),
        ("t", "Multiply", {}, ["v", "y"]),
        conv("r", 16, 3, ["v"], padding=1),
        ("u", "Multiply", {}, ["r", "t"]),
    ]
    assert "v" in own_memory(build(MAP, *lines))


def test_not_what_is_read_at_the_same_time():
    lines = [conv("c", 16, 3), ("l", "LeakyReLU", {}, ["input"]), ("p", "AvgPool2d", {"kernel_size": 3, "stride": 1})]
    assert "input" in own_memory(build(MAP, *lines, ("t", "Multiply", {}, ["c", "p"])))


def test_not_what_is_read_in_part():
    lines = [
        conv("c", 32, 1),
        ("x", "Slice", {"start": 16}),
        ("l", "LeakyReLU", {}, ["c"]),
        ("y", "Slice", {"end": 16}),
        ("t", "Multiply", {}, ["x", "y"]),
    ]
    assert {"c", "l"} <= own_memory(build(MAP, *lines))


def test_not_a_part():
    lines = [
        conv("c", 32, 1),
        ("x", "Slice", {"start": 16}),
        ("l", "LeakyReLU", {}),
        conv("d", 16, 1, ["c"]),
        ("t", "Multiply", {}, ["l", "d"]),
    ]
    assert {"c"} <= own_memory(build(MAP, *lines))


def test_not_what_is_stretched_from_a_part_of_the_same_value():
    """Its first channel is all others' factor, and would be overwritten by its own square."""
    lines = [conv("c", 48, 1), ("g", "Slice", {"end": 1}), ("m", "Multiply", {}, ["c", "g"])]
    assert own_memory(build(MAP, *lines)) == {"input", "c", "m"}


@pytest.mark.parametrize("name", ["input", "c"])
def test_not_what_is_an_output(name):
    head = ("aux", False, [("aux.same", "Identity", {}, [name])])
    graph = build(MAP, conv("c", 16, 1), ("l", "LeakyReLU", {}), ("m", "Sigmoid", {}), heads=[head])
    assert name in own_memory(graph)


def test_not_what_a_part_of_is_an_output():
    head = ("aux", False, [("aux.same", "Slice", {"start": 16}, ["c"])])
    assert "c" in own_memory(build(MAP, conv("c", 32, 1), ("l", "LeakyReLU", {}), heads=[head]))


def test_what_lies_in_a_concat_stays():
    lines = [
        conv("a", 16, 1),
        conv("b", 16, 1),
        ("cat", "Concat", {}, ["a", "b"]),
        ("l", "LeakyReLU", {}, ["b"]),
        ("c", "Concat", {}, ["cat", "l"]),
        conv("e", 16, 3),
    ]
    assert "l" not in own_memory(build(MAP, *lines))


def test_a_whole_concat_is_overwritten():
    lines = [
        conv("a", 16, 1),
        conv("b", 16, 1),
        ("cat", "Concat", {}, ["a", "b"]),
        ("l", "LeakyReLU", {}),
        conv("e", 16, 3),
    ]
    assert own_memory(build(MAP, *lines)) == {"input", "l", "e"}


def test_margins_of_what_is_overwritten_stay_zero():
    lines = [
        conv("a", 16, 1),
        conv("b", 16, 3, padding=2),
        ("l", "LeakyReLU", {}, ["a"]),
        conv("c", 16, 5, padding=3),
        ("f", "Flatten", {}),
        ("g", "Flatten", {}, ["b"]),
        ("d", "Concat", {}, ["f", "g"]),
    ]
    check_passes(build(MAP, *lines), *ALL, batch=3)


def test_values_that_are_kept_are_not_overwritten():
    graph = build(MAP, ("a", "LeakyReLU", {}), ("b", "LeakyReLU", {}))
    operations, _, _ = planned(graph, {}, 1)
    overwriting(operations[:3], [operation.output for operation in operations[:3]])
    assert len({operation.output.root for operation in operations[:3]}) == 3


def test_not_by_a_part_of_a_concat_which_lives_longer():
    lines = [
        conv("a", 16, 3, padding=1),
        ("l", "LeakyReLU", {}),
        ("cat", "Concat", {}, ["l", "input"]),
        conv("e", 5, 3),
    ]
    assert own_memory(build(MAP, *lines)) == {"a", "cat", "e"}
