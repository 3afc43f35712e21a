"""Which operations run side by side: everything after what it reads, and nothing later than need be."""

from networks import build, conv
from planned import ALL, planned
from random_networks import random_network

from cnncalc.engine.plan.phases import overlap, phases
from cnncalc.engine.plan.value import Value
from cnncalc.engine.tensors import random_weights


def phases_of(graph, *passes):
    operations, _, _ = planned(graph, random_weights(graph), 1, *passes)
    first = phases(operations)
    return {one.name: first[one] for one in operations}


def test_branches_run_side_by_side():
    lines = [
        conv("a", 16, 1),
        conv("b", 16, 1),
        conv("c", 16, 3, ["input"]),
        conv("d", 16, 3, ["b"]),
        ("s", "Add", {}, ["c", "d"]),
    ]
    found = phases_of(build((16, 6, 6), *lines))
    assert [found[name] for name in "abcd"] == [1, 2, 1, 3]
    assert found["s"] == 5  # the head's copy out, of the same name: a sum in 4


def test_a_sum_of_three_takes_two_phases():
    lines = [("s", "Add", {}, ["input", "input", "input"]), ("r", "Sigmoid", {}), ("e", "Identity", {})]
    assert phases_of(build((16, 6, 6), *lines))["r"] == 3


def test_a_part_of_a_concat_can_be_read_before_the_rest_is_there():
    lines = [
        conv("a", 16, 1),
        conv("b", 16, 1),
        ("cat", "Concat", {}, ["a", "b"]),
        conv("c", 16, 1, ["a"]),
        conv("d", 16, 1, ["cat"]),
        ("s", "Multiply", {}, ["c", "d"]),
    ]
    found = phases_of(build((16, 6, 6), *lines), *ALL)
    assert (found["b"], found["c"], found["d"]) == (2, 2, 3)


def test_views_of_the_same_blocks_overlap():
    root = Value("root", (64, 2, 2), 1)

    def view(first, channels):
        value = Value("view", (channels, 2, 2), 1)
        value.parent, value.first_block = root, first
        return value

    assert not overlap(view(0, 16), view(1, 16))
    assert not overlap(view(2, 20), view(0, 32))
    assert overlap(view(0, 20), view(1, 16))
    assert overlap(root, view(3, 1))


def test_everybody_runs_right_after_what_they_read_last():
    for seed in range(20):
        graph = random_network(seed)
        operations, _, _ = planned(graph, random_weights(graph), 1)
        first = phases(operations)
        made = {one.output: one for one in operations}
        for one in operations[1:]:
            before = [made.get(value, made.get(value.root)) for value in one.reads]
            assert first[one] == max(first[other] + other.stages for other in before)
