"""Where everything is, and when: the gallery's arenas have no gaps, and nobody overwrites what is still needed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from clobbering import assert_nothing_is_clobbered
from networks import build, conv
from planned import ALL, planned
from random_networks import random_network

import cnncalc
from cnncalc.engine.plan.assemble import GUARD, GUARD_BYTES, assemble, lay_out
from cnncalc.engine.plan.plan import plan
from cnncalc.engine.plan.value import Value
from cnncalc.engine.tensors import random_weights, tensor_shapes

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path.stem for path in SPECS.glob("*.yaml"))


def layout_of(graph, batch, **more):
    ones = {name: np.broadcast_to(np.float32(1), shape) for name, shape in tensor_shapes(graph).items()}
    return lay_out(plan(graph, ones, batch, **more).operations)


@pytest.mark.parametrize("name", GALLERY)
def test_the_gallery_takes_what_is_alive_at_once_and_nothing_is_clobbered(name):
    graph = cnncalc.load(str(SPECS / f"{name}.yaml"))
    for batch in (1, 8):
        layout = layout_of(graph, batch)
        assert layout.arena_bytes == layout.predicted_bytes
        if layout.arena_bytes < 20_000_000:
            assert_nothing_is_clobbered(layout)


@pytest.mark.parametrize("seed", range(0, 300, 50))
def test_nothing_is_clobbered_in_random_networks(seed):
    for number in range(seed, seed + 50):
        graph = random_network(number)
        assert_nothing_is_clobbered(layout_of(graph, 1 + number % 2))
        assert_nothing_is_clobbered(layout_of(graph, 1, fused=False))


def test_the_guards_lie_round_every_buffer():
    graph = build((5, 6, 7), conv("a", 20, 3, padding=1), ("g", "GlobalAvgPool2d", {}), ("r", "Sigmoid", {}))
    operations, _, _ = planned(graph, random_weights(graph), 2, *ALL)
    program = assemble(lay_out(operations, checked=True))
    guarded = np.zeros(program.layout.arena_bytes, np.uint8)
    for _, first, last in program.guards:
        assert last - first == GUARD_BYTES
        guarded[first:last] += 1
    for owner in program.layout.lifetimes:
        if isinstance(owner, Value):
            start = program.memory.address(owner) - program.arena.ctypes.data
            guarded[start : start + owner.nbytes] += 1
            assert guarded[start - 1] == guarded[start + -(-owner.nbytes // 64) * 64] == 1
    assert guarded.max() == 1
    assert (program.arena.view(np.uint32) == GUARD).all()


def test_kept_values_outlive_the_run():
    graph = build((16, 6, 7), *((f"a{at}", "Sigmoid", {}) for at in range(5)))
    operations, _, _ = planned(graph, {}, 1)
    kept = [one.output for one in operations[:-1]]
    assert lay_out(operations).arena_bytes == 2 * kept[0].nbytes
    assert lay_out(operations, kept).arena_bytes == len(kept) * kept[0].nbytes


def test_a_residual_lives_until_it_is_added():
    lines = [
        ("l", "LeakyReLU", {}),
        conv("a", 16, 3, padding=1),
        conv("b", 16, 3, padding=1, groups=16),
        ("s", "Add", {}, ["b", "l"]),
    ]
    graph = build((16, 6, 7), *lines)
    operations, _, _ = planned(graph, random_weights(graph), 1, *ALL)
    layout = lay_out(operations)
    added = next(one for one in operations if "s" in one.covers)
    assert layout.lifetimes[operations[1].output].last == layout.first[added] == 3
    assert_nothing_is_clobbered(layout)


def test_each_convolution_asks_for_the_weights_that_are_read_next():
    """What lies between, here a depthwise layer and a pooling one, has no weights that are worth it."""
    graph = build(
        (70, 7, 7),
        conv("a", 90, 1),
        conv("b", 90, 3, padding=1, groups=90),
        conv("c", 130, 1),
        ("d", "GlobalAvgPool2d", {}),
        ("e", "Flatten", {}),
        ("f", "Linear", {"out_features": 10}),
    )
    layout = lay_out(plan(graph, random_weights(graph), 1).operations)
    steps = [step for phase in assemble(layout).phases for step in phase if step.weights[1]]
    assert len(steps) >= 3  # a layer may have steps for tiles of several widths
    for step, after in pairwise(steps):
        row, (address, size) = step.arguments[0], after.weights
        assert row["coming"] == address == after.arguments["weights"][0]
        assert row["coming_share"] * row["groups"] * row["parts"] * row["tiles"] >= size
    last = steps[-1].arguments
    assert last["coming"] == last["weights"]  # an address that is there, though nothing comes
