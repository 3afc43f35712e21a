"""The whole plan, proven by running it: hand-made graphs that are hard on the passes, and random networks."""

import numpy as np
import pytest
from networks import build, conv
from planned import ALL, assert_close, check_engine, definition, named, numbers_for, planned
from random_networks import random_network

from cnncalc.engine.compiled import CHECKED, Engine
from cnncalc.engine.plan.plan import plan

MAP = (16, 6, 7)


@pytest.fixture(params=["checked", "sharing memory"])
def either(request, monkeypatch):
    """Once with guard zones, and once as users run it."""
    monkeypatch.setenv(CHECKED, "1" if request.param == "checked" else "")


HARD = {
    "nothing but a layer that changes nothing": build((5, 3, 4), ("d", "Dropout", {})),
    "the input of few channels as it is, and convolved": build(
        (3, 6, 7), conv("c", 5, 3), heads=[("aux", False, [("aux.d", "Identity", {}, ["input"])])]
    ),
    "a vector": build(
        (7,), ("a", "Linear", {"out_features": 40}), ("r", "ReLU", {}), ("b", "Linear", {"out_features": 3})
    ),
    "a vector added to itself": build(
        (20,), ("r", "Sigmoid", {}), ("s", "Add", {}, ["r", "r"]), ("m", "Multiply", {}, ["s", "r", "r"])
    ),
    "one axis": build(
        (5, 30),
        ("c", "Conv1d", {"out_channels": 16, "kernel_size": 5, "padding": 2}),
        ("n", "BatchNorm1d", {}),
        ("r", "ReLU", {}),
        ("d", "Conv1d", {"out_channels": 16, "kernel_size": 3, "padding": 2, "dilation": 2}),
        ("s", "Add", {}, ["d", "r"]),
    ),
    "three axes": build(
        (16, 3, 6, 5),
        ("c", "Conv3d", {"out_channels": 16, "kernel_size": 3, "padding": 1}),
        ("s", "Add", {}, ["input", "c"]),
        ("p", "MaxPool3d", {"kernel_size": 2, "padding": 1}),
        ("cat", "Concat", {}, ["p", "p"]),
        ("f", "Flatten", {}),
        ("l", "Linear", {"out_features": 9}),
    ),
    "two outputs that are the same value": build(
        MAP,
        conv("c", 5, 3),
        ("r", "ReLU", {}),
        ("d", "Dropout", {}),
        heads=[("aux", False, [("aux.d", "Identity", {}, ["r"])])],
    ),
    "an output in the middle of a chain that is overwritten": build(
        MAP,
        *((f"a{at}", "LeakyReLU", {}) for at in range(5)),
        heads=[("aux", False, [("aux.s", "Sigmoid", {}, ["a2"]), ("aux.t", "Tanh", {})])],
    ),
    "a layer whose result nobody reads": build(MAP, conv("c", 16, 3), conv("lost", 16, 1), ("r", "ReLU", {}, ["c"])),
    "margins of two widths, overwritten": build(
        MAP,
        ("l", "LeakyReLU", {}),
        conv("c", 16, 3, padding=1),
        conv("d", 16, 5, ["l"], padding=[[3, 0], [0, 4]]),
        ("m", "Sigmoid", {}, ["l"]),
        conv("e", 16, 3, padding=1),
        ("s", "Add", {}, ["e", "c"]),
        ("p", "AvgPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}),
    ),
    "fallbacks between kernels": build(
        MAP,
        conv("c", 5, 3, padding=1),
        ("n", "LayerNorm", {"normalized_shape": [5, 6, 7]}),
        conv("d", 5, 3, padding=1),
        ("s", "Add", {}, ["d", "c"]),
    ),
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("fused", [True, False])
def test_graphs_that_are_hard_on_the_passes(name, fused, either):
    for batch, threads in ((1, 1), (3, 2)):
        check_engine(HARD[name], batch=batch, threads=threads, fused=fused)


@pytest.mark.parametrize("seed", range(24))
def test_random_networks(seed, either):
    for fused in (True, False):
        check_engine(random_network(seed), batch=1 + seed % 3, threads=1 + seed % 2, fused=fused, seed=seed)


def test_the_tests_of_passes_run_what_the_plan_runs():
    for seed in range(40):
        graph = random_network(seed)
        _, weights = numbers_for(graph, 1)
        assert named(plan(graph, weights, 1).operations) == named(planned(graph, weights, 1, *ALL)[0])


def test_what_is_kept_is_what_each_node_computed():
    graph = build(MAP, conv("c", 16, 3), ("r", "ReLU", {}), ("s", "Sigmoid", {}), ("t", "Tanh", {}))
    x, weights = numbers_for(graph, 2)
    wanted = definition(graph, x, weights)
    with Engine(graph, weights, 2, 1, keep=True) as engine:
        engine.run(x)
        assert engine.result("c") is None
        for name in "rst":
            assert_close(engine.result(name), wanted[name], name)


@pytest.mark.parametrize("shape", [(16, 20, 19), (3, 20, 19)])
def test_nan_and_infinity_are_never_hidden(shape):
    """Where the definition has NaN or infinity, so has the plan; around them Winograd's tiles may spread them."""
    lines = [
        conv("c", 16, 3, padding=1),
        ("n", "BatchNorm2d", {}),
        ("r", "ReLU", {}),
        conv("w", 16, 3, padding=1),
        ("s", "Add", {}, ["w", "r"]),
        ("r2", "ReLU6", {}),
        conv("d", 16, 3, padding=1, groups=16),
        ("m", "MaxPool2d", {"kernel_size": 2}),
        ("n2", "BatchNorm2d", {}),
        ("r3", "ReLU", {}),
        conv("p", 5, 1),
    ]
    graph = build(shape, *lines)
    x, weights = numbers_for(graph, 2)
    x[0, 1, 3, 3], x[1, 0, 18, 18] = np.nan, np.inf
    wanted = definition(graph, x, weights)["p"]
    with Engine(graph, weights, 2, 1) as engine:
        got = engine(x)
    hidden = ~np.isfinite(wanted) & np.isfinite(got)
    assert not hidden.any()
    assert np.isnan(got[np.isnan(wanted)]).all()
    far = np.isfinite(wanted)
    far[0, :, :6, :6] = far[1, :, 4:, 4:] = False
    assert np.abs(got[far] - wanted[far]).max() <= 1e-5 * np.abs(wanted[far]).max()


def test_the_next_run_does_not_remember():
    graph = build(
        MAP,
        conv("c", 16, 3, padding=1),
        ("s", "Add", {}, ["c", "input"]),
        ("r", "ReLU", {}),
        conv("d", 5, 3, padding=1),
    )
    x, weights = numbers_for(graph, 1)
    with Engine(graph, weights, 1, 1) as engine:
        before = engine(x)
        engine(np.full_like(x, np.nan))
        assert np.array_equal(engine(x), before)
